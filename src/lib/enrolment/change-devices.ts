import type { BatchDevice, BatchResult, SelectedDevice } from '../api/schema/device-batch.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { RowResult } from './row-result.ts';
import { createChunkSender } from './send-batch.ts';

export type DeviceWork =
  | { readonly kind: 'update'; readonly change: Omit<BatchDevice, 'id' | 'credential'>; readonly reason?: string | undefined }
  | { readonly kind: 'delete' };

export interface ChangeOptions {
  readonly hub: Pick<HubClient, 'deviceBatches'>;
  readonly devices: readonly SelectedDevice[];
  readonly work: DeviceWork;
  readonly dryRun: boolean;
  /** Devices in one transaction. */
  readonly chunk: number;
  readonly signal: AbortSignal;
  say(text: string): void;
  onProgress(done: number): void;
}

/** The same for many, chunk by chunk. Whoever does it again after an interruption completes it: what is changed already is `unchanged`, what is deleted is not selected. */
export async function* changeDevices(options: ChangeOptions): AsyncGenerator<RowResult> {
  const { hub, work, dryRun, signal } = options;
  const ids = work.kind === 'delete' ? childrenFirst(options.devices) : options.devices.map(({ id }) => id);
  const send = createChunkSender(options);
  let done = 0;
  let size = options.chunk;
  while (done < ids.length) {
    if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.');
    const part = ids.slice(done, done + size);
    let wasSentBefore = false;
    try {
      const { results } = await send((again) => {
        wasSentBefore ||= again;
        return work.kind === 'delete'
          ? hub.deviceBatches.delete({ check: dryRun, devices: part })
          : hub.deviceBatches.provision({
              mode: 'update',
              check: dryRun,
              ...(work.reason !== undefined && { reason: work.reason }),
              devices: part.map((id) => ({ ...work.change, id })),
            });
      }, false);
      for (const [index, result] of results.entries()) yield rowOf(part[index] ?? null, result, work.kind === 'delete' && wasSentBefore);
    } catch (error: unknown) {
      // Their points make it large: smaller pieces from here on.
      if (!(error instanceof MusterError) || error.code !== 'payload_too_large' || part.length === 1) throw error;
      size = Math.ceil(part.length / 2);
      continue;
    }
    done += part.length;
    options.onProgress(done);
  }
}

function rowOf(id: string | null, result: BatchResult, mayBeGone: boolean): RowResult {
  const { status, code, reason, warnings, difference } = result;
  const row = { line: null, id: result.id ?? id, status, code, reason, warnings, difference, credential: null, expiresAt: null };
  // The answer to the first time was lost.
  return mayBeGone && code === 'not_found' ? { ...row, status: 'deleted', code: null, reason: null } : row;
}

/** A gateway goes after all that is behind it. What is not selected stays, and then its gateway is refused. */
function childrenFirst(devices: readonly SelectedDevice[]): string[] {
  const parents = new Map(devices.map(({ id, parent }) => [id, parent]));
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const chain: string[] = [];
    let at: string | null | undefined = id;
    while (at !== null && at !== undefined && parents.has(at) && !depths.has(at) && chain.length <= parents.size) {
      chain.push(at);
      at = parents.get(at);
    }
    let depth = at === null || at === undefined ? 0 : (depths.get(at) ?? 0);
    for (const each of chain.reverse()) depths.set(each, ++depth);
    return depths.get(id) ?? 0;
  };
  return devices
    .map(({ id }, index) => ({ id, index, depth: depthOf(id) }))
    .sort((one, other) => other.depth - one.depth || one.index - other.index)
    .map(({ id }) => id);
}
