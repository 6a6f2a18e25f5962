import type { Actor } from '../domain/event.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { EventRecorder, NewEvent } from './event-recorder.ts';

/** Somebody who logs in, as this hub knows them. */
export interface Somebody {
  readonly project: ProjectId;
  readonly actor: Actor;
  readonly device: DeviceId | null;
}

/** Credentials that were refused. */
export interface Refusal {
  /** What was claimed, such as `device gw-1`: to know it again. It is not written down: people type passwords where names belong. */
  readonly claim: string;
  readonly address: string | null;
  readonly reason: string;
  /** null: nobody that this hub knows. */
  readonly find: () => Promise<Somebody | null>;
}

export interface AccessEvents {
  granted(somebody: Somebody, address: string | null, text: string): void;
  /** The first of a kind is told at once, those of the next minute together at its end: a device with an old password tries for ever. Never throws. */
  refused(refusal: Refusal): void;
  /** Tells what was not yet told. Idempotent. */
  stop(): void;
}

export interface AccessEventPorts {
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: () => number;
  /** The project of attempts by nobody known. */
  readonly home: ProjectId;
}

const WINDOW_MS = 60_000;
/** Claims that are known again, and senders that are told apart; what is beyond is told together. */
const CLAIMS_MAX = 5_000;
const SENDERS_MAX = 500;
const CLAIM_CHARACTERS_MAX = 200;

/** One sender, as far as they are told apart. */
interface Sender extends Somebody {
  readonly address: string | null;
  reason: string;
  /** Attempts that were not told yet. */
  more: number;
}

/** It is still being asked who that is; attempts that came meanwhile. */
interface Asked {
  waiting: number;
}

export function recordAccess({ recorder, clock, home }: AccessEventPorts): AccessEvents {
  const claims = new Map<string, Sender | Asked>();
  const senders = new Map<string, Sender>();
  const unknown: Somebody = { project: home, actor: 'unknown', device: null };
  let timer: NodeJS.Timeout | null = null;

  return {
    granted(somebody, address, text) {
      recorder.record(eventOf('access.granted', somebody, text, { address }));
    },
    refused({ claim, address, reason, find }) {
      const key = `${address} ${claim.slice(0, CLAIM_CHARACTERS_MAX)}`;
      const known = claims.get(key);
      if (known !== undefined) {
        if ('waiting' in known) known.waiting += 1;
        else count(known, reason, 1);
      } else if (claims.size >= CLAIMS_MAX) {
        // Whose they are is not worth asking any more: it is a flood.
        tell(unknown, null, reason);
      } else {
        const asked: Asked = { waiting: 0 };
        claims.set(key, asked);
        const answered = (somebody: Somebody | null) => {
          const sender = tell(somebody ?? unknown, address, reason);
          count(sender, reason, asked.waiting);
          if (claims.get(key) === asked) claims.set(key, sender);
        };
        // The store that could not be read has said so itself.
        find().then(answered, () => answered(null));
      }
      timer ??= setInterval(tellMore, WINDOW_MS).unref();
    },
    stop() {
      tellMore();
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };

  /** At once when it is the first of this sender. */
  function tell(somebody: Somebody, address: string | null, reason: string): Sender {
    const own = `${somebody.project} ${somebody.actor} ${address}`;
    const [key, who, from] = senders.has(own) || senders.size < SENDERS_MAX ? [own, somebody, address] : ['', unknown, null];
    const known = senders.get(key);
    if (known !== undefined) return count(known, reason, 1);
    const sender: Sender = { ...who, address: from, reason, more: 0 };
    senders.set(key, sender);
    recorder.record(eventOf('access.refused', sender, `${nameOf(sender)} was refused: ${reason}`, { address: from, reason, times: 1 }));
    return sender;
  }

  function count(sender: Sender, reason: string, attempts: number): Sender {
    sender.reason = reason;
    sender.more += attempts;
    return sender;
  }

  function tellMore(): void {
    for (const [key, sender] of senders) {
      const { address, reason, more } = sender;
      if (more === 0) senders.delete(key);
      else
        recorder.record(
          eventOf('access.refused', sender, `${nameOf(sender)} was refused ${more === 1 ? 'once more' : `${more} more times`}: ${reason}`, {
            address,
            reason,
            times: more,
          }),
        );
      sender.more = 0;
    }
    claims.clear();
    if (senders.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  function eventOf(kind: 'access.granted' | 'access.refused', { project, actor, device }: Somebody, text: string, details: NewEvent['details']): NewEvent {
    return { project, time: clock(), kind, actor, severity: null, device, point: null, alarm: null, rule: null, text, details };
  }
}

function nameOf({ actor, address }: Sender): string {
  return `${actor === 'unknown' ? 'somebody unknown' : actor}${address === null ? '' : ` from ${address}`}`;
}
