import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject, randomBytes, scrypt } from 'node:crypto';
import { MusterError } from '../errors/muster-error.ts';

/** What guessing one passphrase costs: 32 MB and some 100 ms. It is asked for once per authority and start. */
const COST = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 32;
const IV_BYTES = 12;
const SEALED = /^\$scrypt-aes256gcm\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{16})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]+)$/;
const OPEN = /^\$pkcs8\$([A-Za-z0-9_-]+)$/;

/** The form in which an authority's key stands in the database. `owner` is bound to it: the key of one authority is not taken for that of another. */
export async function sealKey(key: KeyObject, passphrase: string | null, owner: string): Promise<string> {
  const bytes = key.export({ type: 'pkcs8', format: 'der' });
  if (passphrase === null) return `$pkcs8$${bytes.toString('base64url')}`;
  const salt = randomBytes(16);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, salt), iv).setAAD(Buffer.from(owner));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return `$scrypt-aes256gcm$${[salt, iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url')).join('$')}`;
}

export function isSealed(text: string): boolean {
  return SEALED.test(text);
}

/** Throws invalid_settings when the passphrase is missing or wrong. */
export async function openKey(text: string, passphrase: string | null, owner: string): Promise<KeyObject> {
  const plain = OPEN.exec(text)?.[1];
  if (plain !== undefined) return privateKeyOf(Buffer.from(plain, 'base64url'));
  const [salt, iv, tag, sealed] = (SEALED.exec(text)?.slice(1) ?? []).map((part) => Buffer.from(part, 'base64url'));
  if (salt === undefined || iv === undefined || tag === undefined || sealed === undefined) throw new MusterError('internal', `the key of ${owner} is damaged`);
  if (passphrase === null) throw locked(`the key of ${owner} is encrypted, and the hub has no passphrase`);
  const decipher = createDecipheriv('aes-256-gcm', await derive(passphrase, salt), iv, { authTagLength: 16 })
    .setAAD(Buffer.from(owner))
    .setAuthTag(tag);
  try {
    return privateKeyOf(Buffer.concat([decipher.update(sealed), decipher.final()]));
  } catch (error: unknown) {
    throw locked(`the key of ${owner} cannot be decrypted: the passphrase is another one`, error);
  }
}

function privateKeyOf(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
}

function locked(message: string, cause?: unknown): MusterError {
  return new MusterError('invalid_settings', message, {
    cause,
    hint: 'Start the hub with the ca.passphrase (MUSTER_CA_PASSPHRASE) that the key was encrypted with.',
  });
}

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
