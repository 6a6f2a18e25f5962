import type { CertificateChecker } from '../certificates/authority.ts';
import { type Device, isInService, outOfServiceReason } from '../domain/device.ts';
import { isName } from '../domain/ids.ts';
import type { Directory } from '../fleet/directory.ts';
import type { ClaimRecord } from '../storage/claim-storage.ts';
import type { CredentialRecord, SystemStore } from '../storage/system/system-store.ts';
import type { Authentication, Authenticator } from './access.ts';
import { type CredentialCache, createCredentialCache, type TokenAndUser } from './credential-cache.ts';
import type { GuessingGuard } from './guessing-guard.ts';
import { isWithinNetworks } from './networks.ts';
import { createPasswords, PASSWORD_CHARACTERS_MAX, type Passwords, PasswordsBusy } from './passwords.ts';
import { ROLES, type Role } from './roles.ts';
import { type ParsedToken, parseToken, secretFits } from './secrets.ts';

export interface AuthenticatorPorts {
  readonly system: Pick<SystemStore, 'tokens' | 'users' | 'credentials' | 'claims'>;
  readonly directory: Pick<Directory, 'device'>;
  readonly certificates: CertificateChecker;
  readonly guard: GuessingGuard;
  readonly clock: () => number;
  readonly passwords?: Passwords;
  readonly cache?: CredentialCache;
  /** A device came with a token that it had not used before. */
  readonly onFirstUse?: (credential: CredentialRecord) => void;
}

const USER_NAME_CHARACTERS_MAX = 200;
const BUSY_RETRY_MS = 1000;

/** One answer for wrong names, wrong secrets and what is not there. */
const WRONG = 'the credentials are missing, wrong, expired or revoked';

export function createAuthenticator(ports: AuthenticatorPorts): Authenticator {
  const { directory, guard, clock, certificates } = ports;
  const passwords = ports.passwords ?? createPasswords();
  const cache = ports.cache ?? createCredentialCache(ports.system);

  function locked(account: string | null, address: string | null): Authentication | null {
    const retryAfterMs = guard.lockedFor(account, address);
    if (retryAfterMs === null) return null;
    const reason = `too many wrong passwords or tokens; try again in ${Math.ceil(retryAfterMs / 1000)} s`;
    return { ok: false, code: 'locked_out', reason, retryAfterMs };
  }

  async function wrong(account: string | null, address: string | null): Promise<Authentication> {
    await guard.failed(account, address);
    return refused(WRONG);
  }

  /**
   * A token's secret has 256 random bits, so a right one is no guess: it passes from a locked address too. Else one device
   * with an old token would lock out a whole site behind the same address. The lock of the token itself holds.
   */
  async function withToken(parsed: ParsedToken, address: string | null, find: (parsed: ParsedToken) => Promise<Found | null>): Promise<Authentication> {
    const account = `token ${parsed.id}`;
    const shut = locked(account, null);
    if (shut) return shut;
    const found = await find(parsed);
    if (found !== null) return found.answer;
    return locked(account, address) ?? wrong(account, address);
  }

  async function apiToken({ id, secret }: ParsedToken): Promise<Found | null> {
    const found = await cache.token(id);
    if (found === null || !secretFits(secret, found.token.secretHash)) return null;
    return { answer: answerOfToken(found, clock()) };
  }

  async function deviceToken({ id, secret }: ParsedToken, username: string | null): Promise<Found | null> {
    const credential = await cache.deviceToken(id);
    if (credential === null || !secretFits(secret, credential.secretHash)) return null;
    if (username !== null && username !== credential.device) return { answer: refused('the token belongs to another device') };
    const { expiresAt } = credential;
    if (expiresAt !== null && expiresAt <= clock()) return { answer: refused('the token has expired') };
    const answer = answerOfDevice(directory.device(credential.device)?.device, credential.project);
    if (!answer.ok) return { answer };
    if (credential.unused) ports.onFirstUse?.(credential);
    return { answer: { ok: true, principal: { kind: 'device', id: credential.device, project: credential.project, credential: credential.id }, expiresAt } };
  }

  async function claimToken({ id, secret }: ParsedToken, address: string | null): Promise<Found | null> {
    const claim = await ports.system.claims.byToken(id);
    if (claim === null || claim.secretHash === null || !secretFits(secret, claim.secretHash)) return null;
    return { answer: answerOfClaim(claim, address, clock()) };
  }

  /** Checks before and after: of many guesses at once, those that end after the lock learn nothing, be they right or wrong. */
  async function withPassword(account: string, address: string | null, check: () => Promise<Authentication | null>): Promise<Authentication> {
    const shut = locked(account, address);
    if (shut) return shut;
    let answer: Authentication | null;
    try {
      answer = await check();
    } catch (error: unknown) {
      if (!(error instanceof PasswordsBusy)) throw error;
      return { ok: false, code: 'locked_out', reason: error.message, retryAfterMs: BUSY_RETRY_MS };
    }
    const shutSince = locked(account, address);
    if (shutSince) return shutSince;
    if (answer === null) return wrong(account, address);
    guard.succeeded(account);
    return answer;
  }

  async function checkDevice(username: string, password: string): Promise<Authentication | null> {
    const device = directory.device(username)?.device;
    const stored = device === undefined ? [] : await cache.passwords(device.id);
    if (stored.length === 0) await passwords.pretend(password);
    for (const credential of stored) {
      if (await passwords.verifyAgain(password, credential.secretHash)) return answerOfDevice(directory.device(username)?.device, credential.project);
    }
    return null;
  }

  async function checkUser(name: string, password: string): Promise<Authentication | null> {
    const user = await ports.system.users.byName(name);
    if (user === null) return passwords.pretend(password).then(() => null);
    const right = await passwords.verify(password, user.passwordHash);
    if (!right || user.disabled) return null;
    return { ok: true, principal: { kind: 'user', id: user.id, name: user.name, project: user.project, role: user.role, token: null } };
  }

  return {
    async bearer(token, address) {
      const parsed = parseToken(token);
      if (parsed === null) return locked(null, address) ?? wrong(null, address);
      if (parsed.kind === 'claim') return withToken(parsed, address, (claim) => claimToken(claim, address));
      return withToken(parsed, address, parsed.kind === 'api' ? apiToken : (device) => deviceToken(device, null));
    },
    async device(username, password, address) {
      const alone = password === '' || password === username ? parseToken(username) : null;
      const parsed = alone ?? parseToken(password);
      if (parsed?.kind === 'device') {
        const named = alone !== null || username === '' ? null : username;
        return withToken(parsed, address, (token) => deviceToken(token, named));
      }
      if (parsed?.kind === 'claim') return withToken(parsed, address, (claim) => claimToken(claim, address));
      // A name that no device can have is not worth an account, nor an endless password a hash.
      if (!isName(username) || password === '' || password.length > PASSWORD_CHARACTERS_MAX) return locked(null, address) ?? wrong(null, address);
      return withPassword(`device ${username}`, address, () => checkDevice(username, password));
    },
    async certificate(peer) {
      const verdict = await certificates.check(peer, clock());
      if (!verdict.ok) return { ...refused(verdict.reason), device: verdict.device };
      if (verdict.kind === 'claim') return refused('the certificate is one to claim an identity with');
      return { ...answerOfDevice(directory.device(verdict.device)?.device, verdict.project), expiresAt: verdict.expiresAt };
    },
    async user(name, password, address) {
      if (name === '' || name.length > USER_NAME_CHARACTERS_MAX || password === '' || password.length > PASSWORD_CHARACTERS_MAX) {
        return locked(null, address) ?? wrong(null, address);
      }
      return withPassword(`user ${name}`, address, () => checkUser(name, password));
    },
  };
}

/** The secret was right: whatever the answer, it was no guess. */
interface Found {
  readonly answer: Authentication;
}

function refused(reason: string): Extract<Authentication, { readonly ok: false }> {
  return { ok: false, code: 'not_logged_in', reason, retryAfterMs: null };
}

function answerOfToken({ token, user }: TokenAndUser, now: number): Authentication {
  if (token.revokedAt !== null) return refused('the token is revoked');
  if (token.expiresAt !== null && token.expiresAt <= now) return refused('the token has expired');
  const { id, name, project, role, expiresAt } = token;
  if (token.user === null) return { ok: true, principal: { kind: 'token', id, name, project, role }, expiresAt };
  if (user === null || user.disabled || user.project !== project) return refused('the user of the token is disabled or gone');
  return { ok: true, principal: { kind: 'user', id: user.id, name: user.name, project, role: weaker(user.role, role), token: id }, expiresAt };
}

/** Whether there is a place left shows when it is taken: a device that asks again needs none. */
function answerOfClaim({ id, project, revokedAt, expiresAt, addresses }: ClaimRecord, address: string | null, now: number): Authentication {
  if (revokedAt !== null) return refused('the claim is revoked');
  if (expiresAt !== null && expiresAt <= now) return refused('the claim has expired');
  if (addresses.length > 0 && (address === null || !isWithinNetworks(address, addresses))) return refused('the claim does not hold at this address');
  return { ok: true, principal: { kind: 'claim', id, project }, expiresAt };
}

function answerOfDevice(device: Device | undefined, project: string): Authentication {
  if (device === undefined || device.project !== project) return refused('the device of these credentials is gone');
  if (!isInService(device.state)) return refused(`the device ${outOfServiceReason(device.state)}`);
  return { ok: true, principal: { kind: 'device', id: device.id, project: device.project } };
}

/** A token never outdoes its user. Roles stand from strong to weak; one that is unknown wins, and may do nothing. */
function weaker(one: Role, other: Role): Role {
  if (!ROLES.includes(one)) return one;
  return ROLES.indexOf(other) >= ROLES.indexOf(one) || !ROLES.includes(other) ? other : one;
}
