import type { Device } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { CredentialRecord, SystemStore } from '../storage/system/system-store.ts';
import type { CredentialListener } from './access.ts';
import { commitAccess } from './commit-access.ts';
import type { CredentialCache } from './credential-cache.ts';
import { createListeners } from './listeners.ts';
import { generatePassword, type Passwords } from './passwords.ts';
import { makeToken } from './secrets.ts';

/** A credential as the API shows it: without its secret. */
export type CredentialView = Pick<CredentialRecord, 'id' | 'device' | 'kind' | 'createdAt'>;
export interface CreatedCredential extends CredentialView {
  /** What the device sends as its user name: its id. */
  readonly username: string;
  /** The token or password; shown this once. */
  readonly secret: string;
}
export interface NewCredential {
  readonly kind: CredentialRecord['kind'];
  /** Of kind `password`; absent, one is made. */
  readonly password?: string | undefined;
}

/** Enough to change secrets without a gap. Each password costs a hash per log-in, so there are fewer. */
export const TOKENS_OF_DEVICE_MAX = 20;
export const PASSWORDS_OF_DEVICE_MAX = 2;

export interface DeviceCredentials {
  /** Throws limit_reached, not_found (the device went), invalid (a password for a token). */
  create(device: Pick<Device, 'id' | 'project'>, credential: NewCredential): Promise<CreatedCredential>;
  list(device: DeviceId): Promise<readonly CredentialView[]>;
  /** Throws not_found. Sessions of the device are cut. */
  remove(device: DeviceId, id: string): Promise<void>;
  /** The device was disabled or deleted: forgets what is remembered of it and has its sessions cut. */
  deviceChanged(device: DeviceId): void;
  /** A credential went, or the device was disabled or deleted. Returns what takes the listener off again. */
  onCredentialsChanged(listener: CredentialListener): () => void;
}

export interface DeviceCredentialsPorts {
  readonly system: Pick<SystemStore, 'log' | 'credentials'>;
  readonly passwords: Passwords;
  readonly cache: Pick<CredentialCache, 'forgetDevice'>;
  readonly clock: () => number;
  readonly listenerFailed: (error: unknown) => void;
}

export function createDeviceCredentials({ system, passwords, cache, clock, listenerFailed }: DeviceCredentialsPorts): DeviceCredentials {
  const changed = createListeners<DeviceId>(listenerFailed);

  function deviceChanged(device: DeviceId): void {
    cache.forgetDevice(device);
    changed.tell(device);
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
      const { id, secret, secretHash } = await made(credential);
      const { kind } = credential;
      const max = kind === 'token' ? TOKENS_OF_DEVICE_MAX : PASSWORDS_OF_DEVICE_MAX;
      const existing = (await system.credentials.ofDevice(device)).filter((each) => each.kind === kind);
      if (existing.length >= max) {
        throw new MusterError('limit_reached', `the device ${device} has ${max} ${kind}s already`, { hint: 'Remove one that is not used any more.' });
      }
      const createdAt = clock();
      await commitAccess(system.log, [system.credentials.insert({ id, project, device, kind, secretHash, createdAt, expiresAt: null })], ({ reason }) =>
        reason === 'reference' ? new MusterError('not_found', `the device ${device} does not exist`) : null,
      );
      // Another credential cuts nobody off; only what is remembered is too little now.
      cache.forgetDevice(device);
      return { id, device, kind, createdAt, username: device, secret };
    },
    list: async (device) => (await system.credentials.ofDevice(device)).map(({ id, kind, createdAt }) => ({ id, device, kind, createdAt })),
    async remove(device, id) {
      await commitAccess(system.log, [system.credentials.remove(device, id)], ({ reason }) =>
        reason === 'stale' ? new MusterError('not_found', `the device ${device} has no credential ${id.slice(0, 60)}`) : null,
      );
      deviceChanged(device);
    },
    deviceChanged,
    onCredentialsChanged: (listener) => changed.add(listener),
  };
}
