import { createPrivateKey, type KeyObject } from 'node:crypto';
import { makeKeyPair } from '../certificates/keys.ts';
import { writeRequest } from '../certificates/write-request.ts';
import { DeviceError } from './device-error.ts';
import type { Claim } from './options.ts';

/** The key of a certificate that is to come, as it is kept: PEM, PKCS #8. Throws invalid for one that cannot be read. */
export async function ownKey(wanted: NonNullable<Claim['key']>): Promise<string> {
  if (typeof wanted === 'string') return pemOf((await makeKeyPair(wanted)).privateKey);
  try {
    return pemOf(createPrivateKey({ key: wanted.pem, ...(wanted.passphrase !== undefined && { passphrase: wanted.passphrase }) }));
  } catch (cause: unknown) {
    throw new DeviceError('invalid', 'The key for the certificate cannot be read.', { cause, hint: 'It is a private key in PEM: P-256, Ed25519 or RSA.' });
  }
}

/** Signed with the key. It names nobody: who the device is, the hub says. */
export function signingRequest(pem: string): string {
  return writeRequest(createPrivateKey(pem), null);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
