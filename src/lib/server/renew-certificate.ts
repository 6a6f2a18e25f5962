import type { HubCertificate } from '../certificates/hub-certificate.ts';
import type { ProjectId } from '../domain/ids.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { Foundation } from './foundation.ts';

/** At SIGHUP the files of the hub's own certificate are read again: from before anybody can know its process id until it has ended, since nobody who renews a certificate means to end the hub. */
export function lookAtHangUp(certificate: HubCertificate, { log, shutdown }: Pick<Foundation, 'log' | 'shutdown'>): void {
  // At a terminal it means that the terminal is gone, and ends the hub as it ends every command.
  if (process.stdout.isTTY === true) return;
  const onHangUp = (): void => {
    certificate.look(true).catch((error: unknown) => log.error({ error: messageOf(error) }, 'the TLS files could not be looked at'));
  };
  process.on('SIGHUP', onHangUp);
  shutdown.defer('SIGHUP', () => void process.off('SIGHUP', onHangUp));
}

/** Looks after the files of the hub's own certificate from now on; what becomes of it is logged and in the journal. */
export function renewCertificate(
  certificate: HubCertificate,
  {
    clock,
    log,
    shutdown,
    recorder,
    home,
  }: Pick<Foundation, 'clock' | 'log' | 'shutdown'> & { readonly recorder: Pick<EventRecorder, 'record'>; readonly home: ProjectId },
): void {
  certificate.start((change) => {
    const { ok: _, ...facts } = change;
    if (change.ok) log.info(facts, 'the hub has another certificate from now on');
    else log.warn(facts, 'the new TLS files cannot be used: the hub goes on with the certificate from before');
    recorder.record({
      ...{ project: home, time: clock(), kind: change.ok ? 'hub.certificate-replaced' : 'hub.certificate-refused', actor: 'hub' },
      ...{ severity: change.ok ? null : 'warning', device: null, point: null, alarm: null, rule: null },
      text: change.ok ? 'the hub has another certificate of its own' : `the new TLS files of the hub cannot be used: ${change.reason}`,
      details: { ...facts },
    });
  });
  shutdown.defer('hub certificate', () => certificate.stop());
}
