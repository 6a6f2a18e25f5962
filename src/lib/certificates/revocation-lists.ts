import { setImmediate } from 'node:timers/promises';
import type { RevocationList } from '../domain/certificate.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import type { Authorities, KnownAuthority } from './authorities.ts';
import { BACKDATED_MS } from './backdating.ts';
import { commitCertificates } from './commit-certificates.ts';
import { isIssuedBy } from './path.ts';
import { type RevocationListHead, readListEntries, readListHead, revocationListDer } from './read-revocation-list.ts';
import { isSignedBy } from './signature-algorithms.ts';
import { subjectOf } from './write-certificate.ts';

const SESSIONS_PER_TURN = 1_000;

export interface ImportedList {
  readonly list: RevocationList;
  /** It is in force already: nothing was changed. */
  readonly repeated: boolean;
  /** How many certificates that the hub knows are named by it. */
  readonly certificates: number;
}

/** Those in force; outdated: the next one is overdue. */
export interface ListCounts {
  readonly current: number;
  readonly outdated: number;
}

/** Lists of revoked certificates that external authorities publish: one of each is in force, until a newer one takes its place. */
export interface RevocationLists {
  load(): Promise<void>;
  /**
   * Takes a list, in PEM or DER. Sessions of the certificates that it names are cut, and those that it does not name any more count again. Throws not_found, invalid, conflict (an older one than
   * that in force).
   */
  import(project: ProjectId, authority: string, bytes: Buffer, by: string): Promise<ImportedList>;
  /** null: none was imported. */
  of(project: ProjectId, authority: string): RevocationList | null;
  all(): Iterable<RevocationList>;
  counts(): ListCounts;
  warned(list: RevocationList, at: number): Promise<void>;
  /** Its authority is gone. */
  forget(project: ProjectId, authority: string): void;
}

export interface RevocationListsPorts {
  readonly system: Pick<SystemStore, 'log' | 'certificates'>;
  readonly authorities: Authorities;
  readonly clock: () => number;
  readonly onRevoked: (device: DeviceId, fingerprint: string) => void;
}

export function createRevocationLists({ system, authorities, clock, onRevoked }: RevocationListsPorts): RevocationLists {
  const storage = system.certificates.lists;
  const inForce = new Map<string, RevocationList>();

  /** Certificates that the list names, with those that were seen below a related authority: the checker asks this list about them, too. */
  async function cut(one: KnownAuthority): Promise<number> {
    const { project, id } = one.authority;
    const named = [...(await storage.named(project, id))];
    for (const other of authorities.all()) {
      if (other === one || other.authority.project !== project || !isRelated(one, other)) continue;
      named.push(...(await storage.namedElsewhere(project, id, other.authority.id)));
    }
    for (const [index, { device, fingerprint }] of named.entries()) {
      if (index > 0 && index % SESSIONS_PER_TURN === 0) await setImmediate();
      if (device !== null) onRevoked(device, fingerprint);
    }
    return named.length;
  }

  return {
    async load() {
      for (const list of await storage.all()) inForce.set(keyOf(list.project, list.authority), list);
    },
    async import(project, id, bytes, by) {
      const { kind } = authorities.get(project, id);
      const one = authorities.known(project, id);
      if (kind === 'own' || one === null)
        throw new MusterError('invalid', `${id} is an authority of the hub, which knows what it revoked`, {
          hint: '`muster ca revoke` revokes a certificate of it.',
        });
      const now = clock();
      const head = readListHead(revocationListDer(bytes));
      checkIssuer(head, one);
      checkTimes(head, now);
      const before = inForce.get(keyOf(project, id)) ?? null;
      if (before?.fingerprint === head.fingerprint) return { list: before, repeated: true, certificates: (await storage.named(project, id)).length };
      checkSuccession(head, before);
      const entries = await readListEntries(head);
      const { fingerprint, number, thisUpdate, nextUpdate } = head;
      const list: RevocationList = {
        ...{ project, authority: id, fingerprint, number, thisUpdate, nextUpdate },
        ...{ entries: entries.length, importedAt: now, importedBy: by, warnedAt: null },
      };
      await commitCertificates(system.log, storage.replace(list, before?.fingerprint ?? null, entries), ({ reason }) => {
        if (reason === 'stale') return new MusterError('conflict', `another list of ${id} was imported at the same time`, { hint: 'Import it again.' });
        return reason === 'reference' ? new MusterError('not_found', `there is no certificate authority ${id} any more`) : null;
      });
      inForce.set(keyOf(project, id), list);
      return { list, repeated: false, certificates: await cut(one) };
    },
    of: (project, id) => inForce.get(keyOf(project, id)) ?? null,
    all: () => inForce.values(),
    counts() {
      const now = clock();
      const outdated = [...inForce.values()].filter((list) => isOutdated(list, now)).length;
      return { current: inForce.size - outdated, outdated };
    },
    async warned(list, at) {
      await commitCertificates(system.log, [storage.warned(list, at)]);
      const key = keyOf(list.project, list.authority);
      if (inForce.get(key) === list) inForce.set(key, { ...list, warnedAt: at });
    },
    forget: (project, id) => void inForce.delete(keyOf(project, id)),
  };
}

/** RFC 5280 section 6.3.3 (f) and (g). */
function checkIssuer(head: RevocationListHead, { authority, publicKey, facts }: KnownAuthority): void {
  if (!head.issuer.equals(subjectOf(authority.certificate)))
    throw new MusterError('invalid', `the revocation list is not one of ${authority.id}: it names another issuer`);
  if (facts.mayRevoke === false) throw new MusterError('invalid', `${authority.id} may not sign revocation lists: its key usage lacks cRLSign`);
  if (head.signed.hash === undefined)
    throw new MusterError('invalid', 'the revocation list is signed with an algorithm that is not taken (SHA-256 is the least)');
  if (!isSignedBy(head.signed, publicKey)) throw new MusterError('invalid', `the revocation list is not signed by ${authority.id}`);
}

function checkTimes({ thisUpdate, nextUpdate }: RevocationListHead, now: number): void {
  if (thisUpdate > now + BACKDATED_MS)
    throw new MusterError('invalid', `the revocation list is of ${dayOf(thisUpdate)}, which is yet to come`, {
      hint: 'Compare the clock of the hub with that of the authority.',
    });
  if (nextUpdate !== null && nextUpdate <= now)
    throw new MusterError('invalid', `the revocation list ended on ${dayOf(nextUpdate)}`, { hint: 'The authority has a newer one.' });
}

/** The number decides (RFC 5280 section 5.2.3); where one of them has none, the time does. */
function checkSuccession({ number, thisUpdate }: RevocationListHead, before: RevocationList | null): void {
  if (before === null) return;
  const isNewer = number !== null && before.number !== null ? number > before.number : thisUpdate > before.thisUpdate;
  if (isNewer) return;
  const place = before.number === null ? `of ${dayOf(before.thisUpdate)}` : `number ${numberOf(before)}, of ${dayOf(before.thisUpdate)}`;
  throw new MusterError('conflict', `the revocation list is not newer than the one in force (${place})`, {
    hint: 'Nothing was changed: the list in force stays.',
    details: { number: numberOf({ number }), thisUpdate, inForce: { number: numberOf(before), thisUpdate: before.thisUpdate } },
  });
}

/** A renewed certificate of the same authority, or one between it and its root: certificates may be known below either. */
function isRelated(one: KnownAuthority, other: KnownAuthority): boolean {
  return one.certificate.subject === other.certificate.subject || isIssuedBy(one.certificate, other.certificate);
}

export function isOutdated({ nextUpdate }: Pick<RevocationList, 'nextUpdate'>, now: number): boolean {
  return nextUpdate !== null && nextUpdate <= now;
}

/** As people write it. */
export function numberOf({ number }: Pick<RevocationList, 'number'>): string | null {
  return number === null ? null : BigInt(`0x${number}`).toString();
}

function keyOf(project: ProjectId, id: string): string {
  return `${project}/${id}`;
}

function dayOf(time: number): string {
  return new Date(time).toISOString();
}
