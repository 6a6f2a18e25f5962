import type { Device } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { CredentialRecord, SystemStore } from '../storage/system/system-store.ts';
import type { CredentialListener } from './access.ts';
import { commitAccess } from './commit-access.ts';
import type { CredentialCache } from './credential-cache.ts';
import { createListeners } from './listeners.ts';
import { generatePassword, type Passwords } from './passwords.ts';
import { makeToken } from './secrets.ts';

/** A credential as the API shows it: without its secret. */
export type CredentialView = Pick<CredentialRecord, 'id' | 'device' | 'kind' | 'createdAt' | 'expiresAt'>;
export interface CreatedCredential extends CredentialView {
  /** What the device sends as its user name: its id. */
  readonly username: string;
  /** The token or password; shown this once. Of a place for a claim empty: it has none. */
  readonly secret: string;
}
export interface NewCredential {
  readonly kind: CredentialRecord['kind'];
  /** Of kind `password`; absent, one is made. */
  readonly password?: string | undefined;
  /** How long it is valid, in ms; null: until it is removed. Absent, of a token: access.device-token-days. */
  readonly validMs?: number | null | undefined;
}
/** A token that is not on disk yet. */
export interface PreparedToken {
  readonly credential: CreatedCredential;
  /** To be committed, with the device perhaps. */
  readonly statement: Statement;
}

/** Enough to change secrets without a gap. Each password costs a hash per log-in, so there are fewer. */
const TOKENS_OF_DEVICE_MAX = 20;
export const PASSWORDS_OF_DEVICE_MAX = 2;

export interface DeviceCredentials {
  /** Throws limit_reached, not_found (the device went), invalid (a password for a token), conflict (a place for a claim, of a device that needs none). */
  create(device: Pick<Device, 'id' | 'project'>, credential: NewCredential): Promise<CreatedCredential>;
  /** A token for whoever commits it with something else. `unused`: known as such until the device has come with it. */
  prepareToken(device: Pick<Device, 'id' | 'project'>, options: { readonly validMs?: number | null | undefined; readonly unused: boolean }): PreparedToken;
  /**
   * A new token in the place of this one of the device, which stays valid until the device has come with the new one (or it expires). What was to replace it before and was
   * never used is gone. Throws not_found, invalid (it is no token).
   */
  renew(device: Pick<Device, 'id' | 'project'>, id: string): Promise<CreatedCredential>;
  /**
   * A token in the place of one that the device never came with. `alongside`: what is committed with it, which must change something. Throws conflict when the
   * device came with it meanwhile, or it is gone.
   */
  reissue(device: Pick<Device, 'id' | 'project'>, id: string, alongside: (credential: CreatedCredential) => readonly Statement[]): Promise<CreatedCredential>;
  /** The device came with a token that it had not used before: what that replaces goes, and sessions of that are cut. Never rejects. */
  used(credential: CredentialRecord): Promise<void>;
  list(device: DeviceId): Promise<readonly CredentialView[]>;
  /** Throws not_found. Sessions of the device are cut. */
  remove(device: DeviceId, id: string): Promise<void>;
  /** The device was disabled or deleted: forgets what is remembered of it and has its sessions cut. */
  deviceChanged(device: DeviceId): void;
  /** One that is kept elsewhere went: sessions that came with it are cut. */
  credentialGone(device: DeviceId, credential: string): void;
  /** A credential went, or the device was disabled or deleted. Returns what takes the listener off again. */
  onCredentialsChanged(listener: CredentialListener): () => void;
}

export interface DeviceCredentialsPorts {
  readonly system: Pick<SystemStore, 'log' | 'credentials'>;
  readonly passwords: Passwords;
  readonly cache: Pick<CredentialCache, 'forgetDevice'>;
  readonly clock: () => number;
  /** How long a token is valid when nobody says otherwise; null: until it is removed. */
  readonly tokenDays: number | null;
  readonly listenerFailed: (error: unknown) => void;
}

const DAY_MS = 86_400_000;

export function createDeviceCredentials({ system, passwords, cache, clock, tokenDays, listenerFailed }: DeviceCredentialsPorts): DeviceCredentials {
  const changed = createListeners<{ readonly device: DeviceId; readonly credential?: string }>(listenerFailed);
  /** Tokens whose first use is on its way to the disk. */
  const confirming = new Set<string>();

  function deviceChanged(device: DeviceId): void {
    cache.forgetDevice(device);
    changed.tell({ device });
  }

  function expiryOf({ kind, validMs }: NewCredential, now: number): number | null {
    if (validMs !== undefined) return validMs === null ? null : now + validMs;
    return kind === 'token' && tokenDays !== null ? now + tokenDays * DAY_MS : null;
  }

  function prepared({ id: device, project }: Pick<Device, 'id' | 'project'>, more: Partial<NewCredential> & Pick<CredentialRecord, 'replaces' | 'unused'>) {
    const { id, token: secret, secretHash } = makeToken('device');
    const createdAt = clock();
    const expiresAt = expiryOf({ kind: 'token', validMs: more.validMs }, createdAt);
    const { replaces = null, unused = false } = more;
    const statement = system.credentials.insert({ id, project, device, kind: 'token', secretHash, createdAt, expiresAt, replaces, unused });
    return { credential: { id, device, kind: 'token' as const, createdAt, expiresAt, username: device as string, secret }, statement };
  }

  /** A device that has something to come with, or was ever heard, may not be had by whoever names it first. */
  async function createPlace({ id: device, project }: Pick<Device, 'id' | 'project'>, wanted: NewCredential): Promise<CreatedCredential> {
    if (wanted.password !== undefined) throw new MusterError('invalid', 'a place for a claim takes no password', { details: { field: 'password' } });
    const now = clock();
    const places = (await system.credentials.ofDevice(device)).filter(({ kind }) => kind === 'claim');
    if (places.some(({ expiresAt }) => expiresAt === null || expiresAt > now))
      throw new MusterError('conflict', `the device ${device} waits to be claimed already`, {
        hint: 'For another end, remove its place first: `muster device credential remove`.',
      });
    const { credential, statement } = preparedPlace({ id: device, project }, expiryOf(wanted, now));
    // One whose time is over stands in the list until it is cleared away, and is in nobody's way.
    const over = places.map(({ id }) => ({ ...system.credentials.remove(device, id), mustChange: false }));
    await commitAccess(system.log, [...over, system.credentials.mayWait(device), statement], ({ reason }) =>
      reason === 'stale' || reason === 'reference'
        ? new MusterError('conflict', `the device ${device} has a credential, or was claimed or heard before: it cannot wait to be claimed`, {
            hint: 'Make a token for it: `muster device credential create`.',
          })
        : null,
    );
    return credential;
  }

  function preparedPlace({ id: device, project }: Pick<Device, 'id' | 'project'>, expiresAt: number | null) {
    const { id } = makeToken('device');
    const createdAt = clock();
    const kind = 'claim' as const;
    return {
      credential: { id, device, kind, createdAt, expiresAt, username: device as string, secret: '' },
      statement: system.credentials.insert({ id, project, device, kind, secretHash: '', createdAt, expiresAt }),
    };
  }

  async function made({ kind, password }: NewCredential): Promise<{ id: string; secret: string; secretHash: string }> {
    const { id, token, secretHash } = makeToken('device');
    if (kind === 'token') {
      if (password !== undefined) throw new MusterError('invalid', 'a token takes no password', { details: { field: 'password' } });
      return { id, secret: token, secretHash };
    }
    const secret = password ?? generatePassword();
    return { id, secret, secretHash: await passwords.hash(secret) };
  }

  return {
    async create({ id: device, project }, credential) {
      if (credential.kind === 'claim') return createPlace({ id: device, project }, credential);
      const { id, secret, secretHash } = await made(credential);
      const { kind } = credential;
      const createdAt = clock();
      const max = kind === 'token' ? TOKENS_OF_DEVICE_MAX : PASSWORDS_OF_DEVICE_MAX;
      const existing = (await system.credentials.ofDevice(device)).filter(
        (each) => each.kind === kind && (each.expiresAt === null || each.expiresAt > createdAt),
      );
      if (existing.length >= max) {
        throw new MusterError('limit_reached', `the device ${device} has ${max} ${kind}s already`, { hint: 'Remove one that is not used any more.' });
      }
      const expiresAt = expiryOf(credential, createdAt);
      await commitAccess(system.log, [system.credentials.insert({ id, project, device, kind, secretHash, createdAt, expiresAt })], ({ reason }) =>
        reason === 'reference' ? new MusterError('not_found', `the device ${device} does not exist`) : null,
      );
      // Another credential cuts nobody off; only what is remembered is too little now.
      cache.forgetDevice(device);
      return { id, device, kind, createdAt, expiresAt, username: device, secret };
    },
    prepareToken: (device, options) => prepared(device, options),
    async renew(device, id) {
      const current = await system.credentials.byId(id);
      if (current?.device !== device.id) throw new MusterError('not_found', `the device ${device.id} has no credential ${id.slice(0, 60)}`);
      if (current.kind !== 'token')
        throw new MusterError('invalid', 'only a token is renewed', { hint: 'Set a new password with `muster device credential create`.' });
      // As long as the one before it: what was chosen for it holds on.
      const validMs = current.expiresAt === null ? undefined : current.expiresAt - current.createdAt;
      const { credential, statement } = prepared(device, { validMs, replaces: id, unused: true });
      await commitAccess(system.log, [system.credentials.keeps(device.id, id), system.credentials.removeSuccessor(device.id, id), statement], ({ reason }) =>
        reason === 'reference' || reason === 'stale' ? new MusterError('not_found', `the device ${device.id} has no credential ${id}`) : null,
      );
      cache.forgetDevice(device.id);
      return credential;
    },
    async reissue(device, id, alongside) {
      const { credential, statement } = prepared(device, { unused: true });
      await commitAccess(system.log, [system.credentials.removeUnused(device.id, id), ...alongside(credential), statement], ({ reason }) =>
        reason === 'stale' || reason === 'reference' ? new MusterError('conflict', `the device ${device.id} has used its credential already`) : null,
      );
      cache.forgetDevice(device.id);
      changed.tell({ device: device.id, credential: id });
      return credential;
    },
    async used({ id, device, replaces }) {
      if (confirming.has(id)) return;
      confirming.add(id);
      try {
        const statements = [system.credentials.used(device, id)];
        if (replaces) statements.push({ ...system.credentials.remove(device, replaces), mustChange: false });
        await commitAccess(system.log, statements, ({ reason }) => (reason === 'stale' ? new MusterError('conflict', 'it was used before') : null));
        cache.forgetDevice(device);
        if (replaces) changed.tell({ device, credential: replaces });
      } catch (error: unknown) {
        // The next log-in with it tries again.
        if (!(error instanceof MusterError && error.code === 'conflict')) listenerFailed(error);
      } finally {
        confirming.delete(id);
      }
    },
    list: async (device) =>
      (await system.credentials.ofDevice(device)).map(({ id, kind, createdAt, expiresAt }) => ({ id, device, kind, createdAt, expiresAt })),
    async remove(device, id) {
      await commitAccess(system.log, [system.credentials.remove(device, id)], ({ reason }) =>
        reason === 'stale' ? new MusterError('not_found', `the device ${device} has no credential ${id.slice(0, 60)}`) : null,
      );
      deviceChanged(device);
    },
    deviceChanged,
    credentialGone: (device, credential) => changed.tell({ device, credential }),
    onCredentialsChanged: (listener) => changed.add(({ device, credential }) => (credential === undefined ? listener(device) : listener(device, credential))),
  };
}
