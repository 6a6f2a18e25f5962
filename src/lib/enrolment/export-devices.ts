import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { Device } from '../api/schema/fleet.ts';
import { ALIAS_KINDS } from '../domain/device.ts';

/** A device as `device import` reads it: what somebody said of it, and nothing that the hub knows besides. */
export interface ExportedDevice {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly type: string | null;
  readonly parent: string | null;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, string | undefined>>;
  readonly groups: readonly string[];
}

export function exportedDevice({ id, name, kind, type, parent, state, labels, aliases, ...rest }: Device): ExportedDevice {
  const groups = (rest as { readonly groups?: readonly string[] }).groups ?? [];
  return { id, name, kind, type, parent, state, labels, aliases, groups };
}

const FIRST = ['id', 'name', 'kind', 'type', 'parent', 'state', 'groups', ...ALIAS_KINDS] as const;

/** The first line of a CSV of devices with these labels. */
function csvHeader(labels: readonly string[]): string[] {
  return [...FIRST, ...labels.map((name) => `label.${name}`)];
}

function csvRecord(
  { id, name, kind, type, parent, state, labels, aliases, groups }: ExportedDevice,
  columns: readonly string[],
): (string | null | undefined)[] {
  return [id, name, kind, type, parent, state, groups.join(' '), ...ALIAS_KINDS.map((alias) => aliases[alias]), ...columns.map((label) => labels[label])];
}

/**
 * Gateways first, each before those behind it, so that whoever reads the rows in order finds every parent made: all gateways are held for that, and nothing else is.
 * One whose parent is not among them comes as if it had none.
 */
export async function* inImportOrder(gateways: AsyncIterable<ExportedDevice>, others: AsyncIterable<ExportedDevice>): AsyncGenerator<ExportedDevice> {
  const known = new Map<string, ExportedDevice>();
  for await (const gateway of gateways) known.set(gateway.id, gateway);
  const done = new Set<string>();
  for (const gateway of known.values()) {
    const above: ExportedDevice[] = [];
    for (let one: ExportedDevice | undefined = gateway; one !== undefined && !done.has(one.id); one = one.parent === null ? undefined : known.get(one.parent)) {
      above.push(one);
      done.add(one.id);
    }
    yield* above.reverse();
  }
  yield* others;
}

/** Lines of NDJSON. */
export async function* ndjsonLines(devices: AsyncIterable<ExportedDevice>): AsyncGenerator<string> {
  for await (const device of devices) yield `${JSON.stringify(device)}\n`;
}

/** Lines of a CSV with a column for each label. Which labels there are is known at the end: until then the devices wait in a file of their own. */
export async function* csvLines(devices: AsyncIterable<ExportedDevice>): AsyncGenerator<string> {
  const { stringify } = await import('csv-stringify/sync');
  const folder = await mkdtemp(join(tmpdir(), 'muster-export-'));
  const waiting = join(folder, 'devices.ndjson');
  try {
    const labels = new Set<string>();
    async function* noted(): AsyncGenerator<ExportedDevice> {
      for await (const device of devices) {
        for (const name of Object.keys(device.labels)) labels.add(name);
        yield device;
      }
    }
    await pipeline(ndjsonLines(noted()), createWriteStream(waiting, { mode: 0o600 }));
    const columns = [...labels].sort();
    yield stringify([csvHeader(columns)]);
    for await (const line of createInterface({ input: createReadStream(waiting) })) yield stringify([csvRecord(JSON.parse(line) as ExportedDevice, columns)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
