import type { Authority, CertificateRecord, RevocationList } from '../domain/certificate.ts';
import type { Actor, EventKind } from '../domain/event.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Severity } from '../domain/severity.ts';
import type { NewEvent } from './event-recorder.ts';

type Details = NewEvent['details'];

export function authorityCreated(authority: Authority, actor: Actor, time: number): NewEvent {
  return authority.kind === 'own'
    ? ofAuthority('ca.created', authority, actor, time, `the certificate authority ${authority.id} was made by ${actor}`)
    : ofAuthority(
        'ca.registered',
        authority,
        actor,
        time,
        `the certificate authority ${authority.id} was registered by ${actor}${authority.state === 'active' ? '' : ', and has to be proven'}`,
      );
}

export function authorityProven(authority: Authority, actor: Actor, time: number): NewEvent {
  return ofAuthority('ca.registered', authority, actor, time, `the certificate authority ${authority.id} was proven by ${actor}`);
}

/** Whom its certificates are taken for: what lets devices in. */
export function authorityUpdated(before: Authority, after: Authority, actor: Actor, time: number): NewEvent {
  const { identity, claim } = after;
  const event = ofAuthority('ca.updated', after, actor, time, `the certificate authority ${after.id} was changed by ${actor}`);
  return { ...event, details: { ...event.details, identity, claim, before: { identity: before.identity, claim: before.claim } } };
}

/** Of a certificate that the hub has never seen. */
export function serialRevoked(authority: Authority, serial: string, reason: string, actor: Actor, time: number): NewEvent {
  const event = ofAuthority(
    'certificate.revoked',
    authority,
    actor,
    time,
    `the certificate ${serial} of the authority ${authority.id} was revoked by ${actor}`,
  );
  return { ...event, details: { ...event.details, serial, reason } };
}

export function authorityRemoved(authority: Authority, actor: Actor, time: number): NewEvent {
  return ofAuthority('ca.removed', authority, actor, time, `the certificate authority ${authority.id} was removed by ${actor}: its certificates count no more`);
}

export function certificateIssued(record: CertificateRecord, actor: Actor, time: number): NewEvent {
  return ofCertificate('certificate.issued', record, actor, time, `a certificate was issued to ${record.name} by ${actor}`);
}

export function certificatesIssued(project: ProjectId, count: number, actor: Actor, time: number): NewEvent {
  const text = `${count} certificates were issued by ${actor}`;
  return { project, time, kind: 'certificate.issued', actor, severity: null, device: null, point: null, alarm: null, rule: null, text, details: { count } };
}

export function certificateRenewed(record: CertificateRecord, actor: Actor, time: number): NewEvent {
  return ofCertificate('certificate.renewed', record, actor, time, `the certificate of ${record.name} was renewed by ${actor}`);
}

export function certificateRevoked(record: CertificateRecord, actor: Actor, time: number): NewEvent {
  return ofCertificate('certificate.revoked', record, actor, time, `the certificate ${record.serial} of ${record.name} was revoked by ${actor}`);
}

export function certificateExpiring(record: CertificateRecord, time: number): NewEvent {
  return ofCertificate('certificate.expiring', record, 'hub', time, `the certificate of ${record.name} ends on ${dayOf(record.validTo)}`, 'warning');
}

export function authorityExpiring(authority: Authority, time: number): NewEvent {
  return ofAuthority('certificate.expiring', authority, 'hub', time, `the certificate authority ${authority.id} ends on ${dayOf(authority.validTo)}`, 'major');
}

export function listImported(authority: Authority, list: RevocationList, certificates: number, actor: Actor, time: number): NewEvent {
  const text = `a revocation list of the certificate authority ${authority.id} was imported by ${actor}: it names ${list.entries} certificates`;
  const event = ofAuthority('ca.list-imported', authority, actor, time, text);
  return { ...event, details: { ...event.details, ...factsOf(list), certificates } };
}

export function listOutdated(authority: Authority, list: RevocationList, time: number): NewEvent {
  const text = `the revocation list of the certificate authority ${authority.id} ended on ${dayOf(list.nextUpdate ?? time)}: it stays in force until a newer one is imported`;
  const event = ofAuthority('ca.list-outdated', authority, 'hub', time, text, 'warning');
  return { ...event, details: { ...event.details, ...factsOf(list) } };
}

function factsOf({ fingerprint, thisUpdate, nextUpdate, entries }: RevocationList): Details {
  return { list: fingerprint, thisUpdate, nextUpdate, entries };
}

function ofAuthority(
  kind: EventKind,
  { project, id, fingerprint, validTo }: Authority,
  actor: Actor,
  time: number,
  text: string,
  severity: Severity | null = null,
): NewEvent {
  return { project, time, kind, actor, severity, device: null, point: null, alarm: null, rule: null, text, details: { ca: id, fingerprint, validTo } };
}

function ofCertificate(kind: EventKind, record: CertificateRecord, actor: Actor, time: number, text: string, severity: Severity | null = null): NewEvent {
  const { project, device, authority, serial, fingerprint, validTo, revocationReason } = record;
  const details: Details = { ca: authority, serial, fingerprint, validTo, ...(revocationReason !== null && { reason: revocationReason }) };
  return { project, time, kind, actor, severity, device, point: null, alarm: null, rule: null, text, details };
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
