import type { Actor } from '../domain/event.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { EventRecorder, NewEvent } from './event-recorder.ts';

/** Somebody who logged in, or whose credentials were refused. */
export interface AccessAttempt {
  readonly project: ProjectId;
  /** `unknown`: a name that is none of this hub's. It is not written down: people type passwords where names belong. */
  readonly actor: Actor;
  readonly device: DeviceId | null;
  readonly address: string | null;
}

export interface AccessEvents {
  granted(attempt: AccessAttempt, text: string): void;
  /** The first of a kind is told at once, those of the next minute together at its end: a device with an old password tries for ever. */
  refused(attempt: AccessAttempt, reason: string): void;
  /** Tells what was not yet told. Idempotent. */
  stop(): void;
}

const WINDOW_MS = 60_000;
/** Of attempts that are told apart; more are told together. */
const KINDS_MAX = 500;

interface Refusals {
  readonly attempt: AccessAttempt;
  reason: string;
  more: number;
}

export function recordAccess({ recorder, clock }: { readonly recorder: EventRecorder; readonly clock: () => number }): AccessEvents {
  const refusals = new Map<string, Refusals>();
  let timer: NodeJS.Timeout | null = null;

  return {
    granted(attempt, text) {
      recorder.record(eventOf('access.granted', attempt, text, {}));
    },
    refused(attempt, reason) {
      const own = `${attempt.project} ${attempt.actor} ${attempt.address}`;
      const [key, told] =
        refusals.has(own) || refusals.size < KINDS_MAX ? [own, attempt] : [attempt.project, { ...attempt, actor: 'unknown', device: null, address: null }];
      const known = refusals.get(key);
      if (known !== undefined) {
        known.reason = reason;
        known.more += 1;
        return;
      }
      refusals.set(key, { attempt: told, reason, more: 0 });
      recorder.record(eventOf('access.refused', told, `${whoOf(told)} was refused: ${reason}`, { reason, times: 1 }));
      timer ??= setInterval(tellMore, WINDOW_MS).unref();
    },
    stop() {
      tellMore();
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };

  function tellMore(): void {
    for (const [key, refusal] of refusals) {
      const { attempt, reason, more } = refusal;
      if (more === 0) refusals.delete(key);
      else recorder.record(eventOf('access.refused', attempt, `${whoOf(attempt)} was refused ${more} more times: ${reason}`, { reason, times: more }));
      refusal.more = 0;
    }
    if (refusals.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  function eventOf(
    kind: 'access.granted' | 'access.refused',
    { project, actor, device, address }: AccessAttempt,
    text: string,
    more: NewEvent['details'],
  ): NewEvent {
    const details = { address, ...more };
    return { project, time: clock(), kind, actor, severity: null, device, point: null, alarm: null, rule: null, text, details };
  }
}

function whoOf({ actor, address }: AccessAttempt): string {
  return `${actor === 'unknown' ? 'somebody unknown' : actor}${address === null ? '' : ` from ${address}`}`;
}
