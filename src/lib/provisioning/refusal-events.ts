import type { ClaimId, ProjectId } from '../domain/ids.ts';
import type { EventRecorder } from '../events/event-recorder.ts';

/** Who asked with a claim and got nothing. */
export interface ClaimRefusal {
  readonly project: ProjectId;
  readonly claim: ClaimId;
  readonly code: string;
  readonly reason: string;
  /** What it called itself; null: that could not be read. */
  readonly device: string | null;
  readonly address: string | null;
}

export interface RefusalEvents {
  /** The first of a kind is told at once, those of the next minute together at its end: a device that is refused asks again for ever. Never throws. */
  refused(refusal: ClaimRefusal): void;
  /** Tells what was not yet told. Idempotent. */
  stop(): void;
}

const WINDOW_MS = 60_000;
/** Claims and codes that are told apart; beyond it what is refused is told with others of its project. */
const KINDS_MAX = 1_000;

export function createRefusalEvents(recorder: Pick<EventRecorder, 'record'>, clock: () => number): RefusalEvents {
  const kinds = new Map<string, { last: ClaimRefusal; more: number }>();
  let timer: NodeJS.Timeout | null = null;

  function record({ project, claim, code, reason, device, address }: ClaimRefusal, times: number): void {
    const who = device === null ? 'a device' : `the device ${device}`;
    const where = address === null ? '' : ` from ${address}`;
    const text = times === 1 ? `${who}${where} was refused: ${reason}` : `devices were refused ${times} more times, the last was ${who}${where}: ${reason}`;
    const details = { claim, code, reason, device, address, times };
    recorder.record({
      ...{ project, time: clock(), kind: 'claim.refused', actor: `claim:${claim}`, severity: null, device: null, point: null, alarm: null, rule: null },
      ...{ text, details },
    });
  }

  function tellMore(): void {
    for (const [key, kind] of kinds) {
      if (kind.more === 0) kinds.delete(key);
      else record(kind.last, kind.more);
      kind.more = 0;
    }
    if (kinds.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  return {
    refused(refusal) {
      const precise = `${refusal.project} ${refusal.claim} ${refusal.code}`;
      const key = kinds.has(precise) || kinds.size < KINDS_MAX ? precise : refusal.project;
      const known = kinds.get(key);
      if (known === undefined) {
        kinds.set(key, { last: refusal, more: 0 });
        record(refusal, 1);
      } else {
        known.last = refusal;
        known.more += 1;
      }
      timer ??= setInterval(tellMore, WINDOW_MS).unref();
    },
    stop() {
      tellMore();
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };
}
