import type { HubClient } from '../../client/hub-client.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { KnownPoint } from './row-reader.ts';

/** What the hub knows of the devices of a file, asked once for each. */
export interface KnownFleet {
  /** False when there is no such device. */
  load(device: string): Promise<boolean>;
  point(device: string, path: string): KnownPoint | undefined;
  /** Devices that were created, or would be. */
  readonly created: readonly string[];
}

export interface KnownFleetOptions {
  /** Null: there is no hub to ask; every device counts as known and every point as new. */
  readonly hub: HubClient | null;
  readonly create: boolean;
  readonly dryRun: boolean;
}

/** Devices whose points are kept at once; one that comes back after so many others is asked for again. */
const DEVICES_KEPT = 2000;

type Entry = { readonly exists: boolean; readonly points: ReadonlyMap<string, KnownPoint> };

export function createKnownFleet({ hub, create, dryRun }: KnownFleetOptions): KnownFleet {
  const devices = new Map<string, Entry>();
  const created: string[] = [];

  async function ask(device: string): Promise<Entry> {
    if (hub === null) return { exists: true, points: new Map() };
    try {
      await hub.devices.show(device);
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || error.code !== 'not_found') throw error;
      if (!create) return { exists: false, points: new Map() };
      if (!dryRun) await hub.devices.create({ id: device });
      created.push(device);
      return { exists: true, points: new Map() };
    }
    const points = new Map<string, KnownPoint>();
    for await (const { path, kind, valueType, min, max } of hub.points.list({ device })) points.set(path, { kind, valueType, min, max });
    return { exists: true, points };
  }

  return {
    created,
    async load(device) {
      let entry = devices.get(device);
      if (entry === undefined) {
        entry = await ask(device);
        if (devices.size >= DEVICES_KEPT) devices.delete(devices.keys().next().value ?? '');
        devices.set(device, entry);
      }
      return entry.exists;
    },
    point: (device, path) => devices.get(device)?.points.get(path),
  };
}
