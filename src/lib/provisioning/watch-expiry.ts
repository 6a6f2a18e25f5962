import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { CredentialRecord, SystemStore } from '../storage/system/system-store.ts';

export interface ExpiryWatch {
  /** Looks at once, and then every hour. */
  start(): void;
  /** For tests, and for those who cannot wait: what `start` does each time. */
  look(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export interface ExpiryWatchPorts {
  readonly system: Pick<SystemStore, 'credentials' | 'log'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly warningDays: number;
  readonly clock: () => number;
  readonly log: Log;
}

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Those that expired stay in the list of their device for so long. */
const EXPIRED_KEPT_MS = 30 * DAY_MS;
/** Warned of in one transaction. */
const BATCH = 500;

/** Says in the journal of events which credentials of devices are about to expire, each once, and removes what expired long ago. */
export function watchExpiry({ system, recorder, warningDays, clock, log }: ExpiryWatchPorts): ExpiryWatch {
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;
  let stopped = false;

  async function work(): Promise<void> {
    const now = clock();
    await system.log.commit({ statements: [system.credentials.removeExpired(now - EXPIRED_KEPT_MS)] });
    while (!stopped) {
      const due = await system.credentials.expiring(now + warningDays * DAY_MS, BATCH);
      if (due.length === 0) return;
      // On disk first: one that nobody was told of is better than one that is told every hour.
      await system.log.commit({
        statements: [
          system.credentials.warned(
            due.map(({ id }) => id),
            now,
          ),
        ],
      });
      for (const credential of due) warn(credential, now);
      if (due.length < BATCH) return;
    }
  }

  function warn({ project, device, id, kind, expiresAt }: CredentialRecord, now: number): void {
    const ended = expiresAt !== null && expiresAt <= now;
    const text = `a ${kind} of the device ${device} ${ended ? 'has expired' : `expires on ${new Date(expiresAt ?? now).toISOString()}`}`;
    recorder.record({
      ...{ project, time: now, kind: 'credential.expiring', actor: 'hub', severity: null, device, point: null, alarm: null, rule: null },
      ...{ text, details: { credential: id, kind, expiresAt } },
    });
  }

  function look(): Promise<void> {
    looking ??= work()
      .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'credentials that expire could not be looked for; it is tried again in an hour'))
      .finally(() => {
        looking = null;
      });
    return looking;
  }

  return {
    look,
    start() {
      if (timer !== null || stopped) return;
      timer = setInterval(look, EVERY_MS).unref();
      void look();
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      timer = null;
      await looking;
    },
  };
}
