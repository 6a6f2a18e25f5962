import type { Authorities } from '../certificates/authorities.ts';
import type { RevocationLists } from '../certificates/revocation-lists.ts';
import type { CertificateRecord } from '../domain/certificate.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import { authorityExpiring, certificateExpiring, listOutdated } from '../events/certificate-events.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { everyHour, type Hourly } from './every-hour.ts';

export interface CertificateWatchPorts {
  readonly system: Pick<SystemStore, 'certificates' | 'log'>;
  readonly authorities: Pick<Authorities, 'all' | 'known'>;
  readonly lists: Pick<RevocationLists, 'all' | 'warned'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly warningDays: number;
  readonly clock: () => number;
  readonly log: Log;
}

const DAY_MS = 86_400_000;
/** Those that ended stay in the list for so long. */
const ENDED_KEPT_MS = 30 * DAY_MS;
/** Warned of in one transaction. */
const BATCH = 500;

/** Says in the journal of events which certificates are about to end, each once (authorities: once for each run of the hub), which revocation lists are overdue, and removes what ended long ago. */
export function watchCertificates({ system, authorities, lists, recorder, warningDays, clock, log }: CertificateWatchPorts): Hourly {
  const { certificates } = system;
  const told = new Set<string>();
  return everyHour(work, (error) => log.warn({ reason: messageOf(error) }, 'certificates that end could not be looked for; it is tried again in an hour'));

  async function work(stopping: AbortSignal): Promise<void> {
    const now = clock();
    const soon = now + warningDays * DAY_MS;
    for (const { authority } of authorities.all()) {
      if (authority.validTo > soon || told.has(authority.fingerprint)) continue;
      told.add(authority.fingerprint);
      recorder.record(authorityExpiring(authority, now));
    }
    await tellOfLists(now);
    await system.log.commit({ statements: [certificates.removeEnded(now - ENDED_KEPT_MS)] });
    while (!stopping.aborted) {
      const due = await certificates.ending(soon, now, BATCH);
      // On disk first: one that nobody was told of is better than one that is told every hour.
      if (due.length > 0) await system.log.commit({ statements: due.map(({ project, fingerprint }) => certificates.warned(project, fingerprint, now)) });
      for (const record of due) if (!(await hasAnother(record, soon))) recorder.record(certificateExpiring(record, now));
      if (due.length < BATCH) return;
    }
  }

  async function tellOfLists(now: number): Promise<void> {
    for (const list of [...lists.all()]) {
      const known = authorities.known(list.project, list.authority);
      if (known === null || list.warnedAt !== null || list.nextUpdate === null || list.nextUpdate > now) continue;
      await lists.warned(list, now);
      recorder.record(listOutdated(known.authority, list, now));
    }
  }

  /** Its device has one that lasts longer: nobody has to do anything. A renewal that it has not come with yet may have been lost on the way. */
  async function hasAnother({ device, project }: CertificateRecord, soon: number): Promise<boolean> {
    if (device === null) return false;
    return (await certificates.ofDevice(device)).some(
      (one) => one.project === project && one.revokedAt === null && one.replaces === null && one.validTo > soon,
    );
  }
}
