import { type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import type { Authority, KeyKind } from '../domain/certificate.ts';
import type { ClaimId, ProjectId } from '../domain/ids.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { BACKDATED_MS } from './backdating.ts';
import { commitCertificates } from './commit-certificates.ts';
import { IDENTITY_DEFAULT, type IdentityRule, parseIdentity } from './identity.ts';
import { isSealed, openKey, sealKey } from './key-storage.ts';
import { makeKeyPair, objectionTo, publicKeyDer } from './keys.ts';
import { fingerprintOf } from './peer-certificate.ts';
import { fromPem } from './pem.ts';
import { type CertificateFacts, readCertificate } from './read-certificate.ts';
import { type Issuer, keyIdentifierOf, newSerial, subjectOf, writeCertificate } from './write-certificate.ts';

const AUTHORITIES_OF_PROJECT_MAX = 100;
const SUBJECT_CHARACTERS_MAX = 64;

/** An authority in memory, with what is asked of it all the time. */
export interface KnownAuthority {
  readonly authority: Authority;
  readonly certificate: X509Certificate;
  readonly publicKey: KeyObject;
  readonly identity: IdentityRule;
  readonly facts: CertificateFacts;
}

export interface NewAuthority {
  readonly id: string;
  readonly key: KeyKind;
  readonly validMs: number;
  /** The common name; null: the name of the project and its own. */
  readonly subject: string | null;
}

export interface ForeignAuthority {
  readonly id: string;
  /** Its certificate. */
  readonly pem: string;
  readonly identity: string | null;
  readonly claim: ClaimId | null;
  /** Whoever registers it answers for it: no proof is asked for. */
  readonly trusted: boolean;
}

export interface Authorities {
  load(): Promise<void>;
  /** Makes a key and a certificate that signs itself. Throws conflict, invalid. */
  init(project: ProjectId, wanted: NewAuthority, by: string): Promise<Authority>;
  /** Throws conflict, invalid. */
  register(project: ProjectId, foreign: ForeignAuthority, by: string): Promise<Authority>;
  /** Takes a certificate of the authority that is made out to its `proof`. Throws not_found, invalid. */
  prove(project: ProjectId, id: string, pem: string): Promise<Authority>;
  change(project: ProjectId, id: string, change: { readonly identity?: string; readonly claim?: ClaimId | null }): Promise<Authority>;
  remove(project: ProjectId, id: string): Promise<Authority>;
  list(project: ProjectId): readonly Authority[];
  /** Throws not_found. */
  get(project: ProjectId, id: string): Authority;
  /** What signs; null: the newest of its own. Throws not_found, invalid (an external one), invalid_settings (its key cannot be opened). */
  issuer(project: ProjectId, id: string | null): Promise<{ readonly authority: Authority; readonly issuer: Issuer }>;
  /** By the issuer that a certificate names, of all projects. */
  bySubject(subject: string): readonly KnownAuthority[];
  known(project: ProjectId, id: string): KnownAuthority | null;
  all(): Iterable<KnownAuthority>;
}

export interface AuthoritiesPorts {
  readonly system: Pick<SystemStore, 'log' | 'certificates'>;
  /** The setting ca.passphrase. */
  readonly passphrase: string | null;
  readonly clock: () => number;
}

export function createAuthorities({ system, passphrase, clock }: AuthoritiesPorts): Authorities {
  const storage = system.certificates.authorities;
  const known = new Map<string, KnownAuthority>();
  const bySubject = new Map<string, KnownAuthority[]>();
  const issuers = new Map<string, Promise<Issuer>>();

  function put(authority: Authority): void {
    drop(authority);
    const certificate = new X509Certificate(authority.certificate);
    const one: KnownAuthority = {
      authority,
      certificate,
      publicKey: certificate.publicKey,
      identity: parseIdentity(authority.identity),
      facts: readCertificate(authority.certificate),
    };
    known.set(keyOf(authority), one);
    bySubject.set(certificate.subject, [...(bySubject.get(certificate.subject) ?? []), one]);
  }

  function drop({ project, id }: Authority): void {
    const key = keyOf({ project, id });
    const before = known.get(key);
    issuers.delete(key);
    if (before === undefined) return;
    known.delete(key);
    const { subject } = before.certificate;
    const others = bySubject.get(subject)?.filter((one) => one !== before) ?? [];
    if (others.length === 0) bySubject.delete(subject);
    else bySubject.set(subject, others);
  }

  function get(project: ProjectId, id: string): Authority {
    const found = known.get(keyOf({ project, id }));
    if (found === undefined) throw new MusterError('not_found', `there is no certificate authority ${id.slice(0, 128)} in this project`);
    return found.authority;
  }

  const list = (project: ProjectId): Authority[] => [...known.values()].map(({ authority }) => authority).filter((authority) => authority.project === project);

  function checkNew(project: ProjectId, id: string): void {
    if (!isName(id)) throw new MusterError('invalid_name', `the name of an authority must be ${NAME_RULE}`);
    if (known.has(keyOf({ project, id }))) throw taken(id);
    if (list(project).length >= AUTHORITIES_OF_PROJECT_MAX)
      throw new MusterError('limit_reached', `the project has ${AUTHORITIES_OF_PROJECT_MAX} certificate authorities`, {
        hint: 'Remove one that is not used any more.',
      });
  }

  async function store(authority: Authority): Promise<Authority> {
    await commitCertificates(system.log, [storage.insert(authority)], ({ reason, constraint }) => {
      if (reason !== 'unique') return null;
      return constraint?.includes('fingerprint')
        ? new MusterError('conflict', 'this authority is registered already, under another name')
        : taken(authority.id);
    });
    put(authority);
    return authority;
  }

  async function update(authority: Authority): Promise<Authority> {
    await commitCertificates(system.log, [storage.update(authority)], ({ reason }) =>
      reason === 'stale' ? new MusterError('not_found', `there is no certificate authority ${authority.id} any more`) : null,
    );
    put(authority);
    return authority;
  }

  return {
    async load() {
      for (const authority of await storage.all()) {
        put(authority);
        // A passphrase that came later is for the keys that are there, too.
        if (authority.key === null || passphrase === null || isSealed(authority.key)) continue;
        await update({ ...authority, key: await sealKey(await openKey(authority.key, null, keyOf(authority)), passphrase, keyOf(authority)) });
      }
    },
    async init(project, { id, key: kind, validMs, subject }, by) {
      checkNew(project, id);
      if (subject !== null && (subject === '' || subject.length > SUBJECT_CHARACTERS_MAX || /\p{Cc}/u.test(subject)))
        throw new MusterError('invalid', `the subject must have 1 to ${SUBJECT_CHARACTERS_MAX} characters, and no control characters`, {
          details: { field: 'subject' },
        });
      const now = clock();
      const { privateKey } = await makeKeyPair(kind);
      // The same subject twice would make clients try the wrong one: a few random letters set them apart.
      const commonName = subject ?? `${`${project} ${id}`.slice(0, SUBJECT_CHARACTERS_MAX - 9)} ${randomBytes(4).toString('hex')}`;
      const [validFrom, validTo] = [secondsOf(now - BACKDATED_MS), secondsOf(now + validMs)];
      const der = writeCertificate({ serial: newSerial(), commonName, alternativeNames: {}, validFrom, validTo, purpose: 'authority' }, privateKey, null);
      const certificate = new X509Certificate(der);
      return store({
        id,
        project,
        kind: 'own',
        state: 'active',
        certificate: der,
        fingerprint: fingerprintOf(certificate),
        subject: certificate.subject,
        key: await sealKey(privateKey, passphrase, keyOf({ project, id })),
        identity: IDENTITY_DEFAULT,
        claim: null,
        proof: null,
        validFrom,
        validTo,
        createdAt: now,
        createdBy: by,
      });
    },
    async register(project, { id, pem, identity, claim, trusted }, by) {
      checkNew(project, id);
      const facts = foreignAuthority(pem);
      const now = clock();
      if (facts.validTo <= now) throw new MusterError('invalid', 'the certificate of the authority has expired');
      const rule = identity ?? IDENTITY_DEFAULT;
      parseIdentity(rule);
      return store({
        id,
        project,
        kind: 'external',
        state: trusted ? 'active' : 'unproven',
        certificate: facts.certificate.raw,
        fingerprint: fingerprintOf(facts.certificate),
        subject: facts.certificate.subject,
        key: null,
        identity: rule,
        claim,
        proof: trusted ? null : randomBytes(16).toString('hex'),
        validFrom: facts.validFrom,
        validTo: facts.validTo,
        createdAt: now,
        createdBy: by,
      });
    },
    async prove(project, id, pem) {
      const authority = get(project, id);
      if (authority.state === 'active') throw new MusterError('conflict', `${id} is proven already`);
      const one = known.get(keyOf(authority));
      const facts = readOne(pem, 'the proof');
      const { certificate } = facts;
      const isOurs = one !== undefined && certificate.checkIssued(one.certificate) && certificate.verify(one.publicKey);
      if (!isOurs || !facts.isSoundlySigned) throw new MusterError('invalid', `the certificate is not signed by ${id}`);
      if (authority.proof === null || facts.commonNames.length !== 1 || facts.commonNames[0] !== authority.proof)
        throw new MusterError('invalid', `the certificate is not made out to the proof code of ${id}`, {
          hint: '`muster ca show` has the code: it is to be the common name.',
        });
      return update({ ...authority, state: 'active', proof: null });
    },
    async change(project, id, { identity, claim }) {
      const authority = get(project, id);
      if (authority.kind === 'own') throw new MusterError('invalid', 'the hub knows whom its own certificates are made out to: they need no rule');
      if (identity !== undefined) parseIdentity(identity);
      return update({ ...authority, ...(identity !== undefined && { identity }), ...(claim !== undefined && { claim }) });
    },
    async remove(project, id) {
      const authority = get(project, id);
      await commitCertificates(system.log, storage.remove(project, id), ({ reason }) =>
        reason === 'stale' ? new MusterError('not_found', `there is no certificate authority ${id} any more`) : null,
      );
      drop(authority);
      return authority;
    },
    list,
    get,
    async issuer(project, id) {
      const authority = id === null ? newest(list(project), clock()) : get(project, id);
      const { key } = authority;
      if (key === null) throw new MusterError('invalid', `${authority.id} is external: the hub does not have its key`);
      if (authority.validTo <= clock())
        throw new MusterError('invalid', `the certificate of ${authority.id} has expired`, { hint: 'Make another with `muster ca init`.' });
      const name = keyOf(authority);
      let opening = issuers.get(name);
      if (opening === undefined) {
        opening = openKey(key, passphrase, name).then((opened) => issuerOf(authority, opened));
        issuers.set(name, opening);
        // What failed is tried again, by whoever asks next.
        opening.catch(() => issuers.delete(name));
      }
      return { authority, issuer: await opening };
    },
    bySubject: (subject) => bySubject.get(subject) ?? [],
    known: (project, id) => known.get(keyOf({ project, id })) ?? null,
    all: () => known.values(),
  };
}

/** What a certificate must be to be registered as an authority. */
function foreignAuthority(pem: string): CertificateFacts {
  const facts = readOne(pem, 'the authority');
  if (!facts.isAuthority) throw new MusterError('invalid', 'the certificate is not one of an authority: its basic constraints do not say CA:TRUE');
  if (facts.mayCertify === false) throw new MusterError('invalid', 'the certificate may not sign others: its key usage lacks keyCertSign');
  if (facts.unknownCritical.length > 0)
    throw new MusterError('invalid', `the certificate has critical extensions that the hub does not know: ${facts.unknownCritical.join(', ')}`);
  const objection = objectionTo(facts.certificate.publicKey);
  if (objection !== null) throw new MusterError('invalid', objection);
  return facts;
}

function readOne(pem: string, what: string): CertificateFacts {
  const [der, ...more] = fromPem(pem, 'CERTIFICATE');
  if (der === undefined || more.length > 0)
    throw new MusterError('invalid', `${what} must be one certificate in PEM; there ${more.length > 0 ? `are ${more.length + 1}` : 'is none'} in the text`);
  return readCertificate(der);
}

function newest(authorities: readonly Authority[], now: number): Authority {
  const own = authorities.filter(({ kind, validTo }) => kind === 'own' && validTo > now);
  const last = own.reduce<Authority | null>((one, other) => (one === null || other.createdAt >= one.createdAt ? other : one), null);
  if (last !== null) return last;
  throw new MusterError('not_found', 'the project has no certificate authority that could sign', { hint: 'Make one with `muster ca init`.' });
}

function issuerOf({ certificate }: Authority, key: KeyObject): Issuer {
  return { name: subjectOf(certificate), key, keyIdentifier: keyIdentifierOf(publicKeyDer(key)) };
}

function taken(id: string): MusterError {
  return new MusterError('conflict', `there is a certificate authority ${id} already`);
}

/** Names hold no slash. */
function keyOf({ project, id }: Pick<Authority, 'project' | 'id'>): string {
  return `${project}/${id}`;
}

/** Certificates know whole seconds; what is kept of them is what they say. */
export function secondsOf(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
