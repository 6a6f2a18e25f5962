import { type Certificates, createCertificates } from '../certificates/create-certificates.ts';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { CredentialRecord, SystemStore } from '../storage/system/system-store.ts';
import type { Authenticator } from './access.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { createAuthenticator } from './authenticator.ts';
import { createCredentialCache } from './credential-cache.ts';
import { createDeviceCredentials, type DeviceCredentials } from './device-credentials.ts';
import { createGuessingGuard, type GuessingGuard } from './guessing-guard.ts';
import { createPasswords } from './passwords.ts';

export interface Access {
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly deviceCredentials: DeviceCredentials;
  readonly guard: GuessingGuard;
  /** Its authorities are to be loaded before anybody comes. */
  readonly certificates: Certificates;
}

type AccessSettings = Pick<
  Settings,
  | 'access.failures-per-account'
  | 'access.failures-per-address'
  | 'access.failure-window-ms'
  | 'access.session-days'
  | 'access.device-token-days'
  | 'ca.passphrase'
  | 'ca.certificate-days'
  | 'ca.certificate-days-max'
>;

const DAY_MS = 86_400_000;

/** All of access with one memory between them, so that a change is seen by the next log-in. */
export function createAccess(ports: {
  readonly system: SystemStore;
  readonly directory: Pick<Directory, 'device' | 'byAlias'>;
  readonly settings: AccessSettings;
  readonly clock: () => number;
  readonly log: Log;
}): Access {
  const { system, directory, settings, clock, log } = ports;
  const listenerFailed = (error: unknown) => log.error({ reason: messageOf(error) }, 'cutting the sessions of changed credentials failed');
  const passwords = createPasswords();
  const cache = createCredentialCache(system);
  const guard = createGuessingGuard({
    failuresPerAccount: settings['access.failures-per-account'],
    failuresPerAddress: settings['access.failures-per-address'],
    windowMs: settings['access.failure-window-ms'],
    clock,
  });
  const deviceCredentials = createDeviceCredentials({ system, passwords, cache, clock, tokenDays: settings['access.device-token-days'], listenerFailed });
  const onFirstUse = (credential: CredentialRecord) => void deviceCredentials.used(credential);
  const certificates = createCertificates({
    system,
    directory,
    clock,
    passphrase: settings['ca.passphrase'],
    validMs: settings['ca.certificate-days'] * DAY_MS,
    validMsMax: settings['ca.certificate-days-max'] * DAY_MS,
    onRevoked: deviceCredentials.deviceChanged,
    failed: (error) => log.error({ reason: messageOf(error) }, 'a note about a certificate could not be written'),
  });
  const authenticator = createAuthenticator({ system, directory, guard, clock, passwords, cache, certificates: certificates.checker, onFirstUse });
  return {
    authenticator,
    guard,
    certificates,
    accounts: createAccounts({ system, authenticator, passwords, cache, clock, sessionDays: settings['access.session-days'], listenerFailed }),
    deviceCredentials,
  };
}
