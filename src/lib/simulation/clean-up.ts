import type { Device, DeviceType } from '../api/schema/fleet.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { runOfType, SIMULATION_LABEL } from './fleet-plan.ts';
import { forEachBounded } from './pool.ts';

/** A credential that was added to a device which was there before. */
export interface AddedCredential {
  readonly device: string;
  readonly id: string;
}

/** What is in a hub of one run: kept on purpose, still going on, or left by a crash. */
export interface SimulationRun {
  readonly run: string;
  /** ms since 1970 */
  readonly createdAt: number;
  readonly gateways: readonly string[];
  /** Devices behind these gateways. */
  readonly children: readonly string[];
  readonly types: readonly string[];
  /** Devices that are connected now: the run may still be going on. */
  readonly online: number;
}

export interface Removed {
  readonly devices: number;
  readonly types: number;
  readonly credentials: number;
  readonly failed: readonly { readonly what: string; readonly reason: string }[];
}

/** Requests to the hub at once. */
const CONCURRENCY = 8;
/** A clean-up goes on after Ctrl-C, but not for ever. */
const CLEAN_UP_MS = 120_000;

interface Draft {
  createdAt: number;
  online: number;
  readonly gateways: string[];
  readonly children: string[];
  readonly types: string[];
}

/**
 * Runs that left something, oldest first; with `run`, that one alone. Found by label (devices) and by the text in the
 * description (types, which carry no labels): nothing else is touched.
 */
export async function findRuns(hub: HubClient, signal: AbortSignal, run?: string): Promise<readonly SimulationRun[]> {
  const drafts = new Map<string, Draft>();
  function draftOf(id: string, createdAt: number): Draft {
    const draft = drafts.get(id) ?? { createdAt, online: 0, gateways: [], children: [], types: [] };
    draft.createdAt = Math.min(draft.createdAt, createdAt);
    drafts.set(id, draft);
    return draft;
  }
  const label = run === undefined ? SIMULATION_LABEL : `${SIMULATION_LABEL}=${run}`;
  for await (const device of hub.pages<Device>('/devices', { label }, { signal })) {
    const draft = draftOf(device.labels[SIMULATION_LABEL] ?? '', device.createdAt);
    if (device.status.online) draft.online += 1;
    (device.parent === null ? draft.gateways : draft.children).push(device.id);
  }
  for await (const type of hub.pages<DeviceType>('/types', {}, { signal })) {
    const madeBy = runOfType(type);
    if (madeBy !== null && (run === undefined || madeBy === run)) draftOf(madeBy, type.createdAt).types.push(type.id);
  }
  return [...drafts].map(([id, draft]) => ({ run: id, ...draft })).sort((one, other) => one.createdAt - other.createdAt);
}

/** Removes what a run made, devices behind gateways first, types last. What is gone already counts as removed. */
export async function removeRun(hub: HubClient, run: SimulationRun, credentials: readonly AddedCredential[] = []): Promise<Removed> {
  const signal = AbortSignal.timeout(CLEAN_UP_MS);
  const failed: { what: string; reason: string }[] = [];
  async function remove(what: string, path: string): Promise<number> {
    try {
      await hub.request<void>('DELETE', path, { signal });
    } catch (error: unknown) {
      if (!(error instanceof MusterError && error.code === 'not_found')) {
        failed.push({ what, reason: messageOf(error) });
        return 0;
      }
    }
    return 1;
  }
  async function removeAll<Entry>(entries: readonly Entry[], one: (entry: Entry) => readonly [what: string, path: string]): Promise<number> {
    let removed = 0;
    await forEachBounded(entries, CONCURRENCY, null, async (entry) => {
      const count = await remove(...one(entry));
      removed += count; // not `+= await`: it would add to what stood there before the wait
    });
    return removed;
  }
  const device = (id: string) => [id, `/devices/${encodeURIComponent(id)}`] as const;
  const children = await removeAll(run.children, device);
  const gateways = await removeAll(run.gateways, device);
  const removedCredentials = await removeAll(credentials, ({ device: owner, id }) => [
    `credential ${id} of ${owner}`,
    `/devices/${encodeURIComponent(owner)}/credentials/${encodeURIComponent(id)}`,
  ]);
  const types = await removeAll(run.types, (id) => [`type ${id}`, `/types/${encodeURIComponent(id)}`]);
  return { devices: children + gateways, types, credentials: removedCredentials, failed };
}

function nothingOf(run: string): SimulationRun {
  return { run, createdAt: 0, gateways: [], children: [], types: [], online: 0 };
}

/** Finds what the run made, asked from the hub rather than remembered, and removes it together with the credentials. */
export async function cleanUp(hub: HubClient, run: string, credentials: readonly AddedCredential[] = []): Promise<Removed> {
  const [found = nothingOf(run)] = await findRuns(hub, AbortSignal.timeout(CLEAN_UP_MS), run);
  return removeRun(hub, found, credentials);
}

export function cleanUpFailed(run: string, problem: unknown): string {
  return `Not everything could be removed (${messageOf(problem)}): \`muster simulate clean --run ${run}\` does it later.`;
}

/** For a run whose devices are kept: takes back what was lent to devices that were there before. */
export function releaseCredentials(hub: HubClient, credentials: readonly AddedCredential[]): Promise<Removed> {
  return removeRun(hub, nothingOf(''), credentials);
}
