import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { makeKeyPair } from '../certificates/keys.ts';
import { toPem } from '../certificates/pem.ts';
import { newSerial, subjectOf, writeCertificate } from '../certificates/write-certificate.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

/** Enough for clocks that differ; it is used within seconds. */
const VALID_MS = 86_400_000;

/** Reads an authority's own key, for proofs that one holds it. Throws usage when it cannot be read, or belongs to another certificate. */
export async function readAuthorityKey(file: string, certificatePem: string): Promise<(code: string) => string> {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: await readFile(file), passphrase: process.env.MUSTER_KEY_PASSPHRASE ?? '' });
  } catch (error: unknown) {
    throw new MusterError('usage', `The key ${file} cannot be read: ${messageOf(error)}.`, {
      cause: error,
      hint: 'It must be a private key in PEM; MUSTER_KEY_PASSPHRASE opens an encrypted one.',
    });
  }
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(key)) throw new MusterError('usage', `The key ${file} does not belong to the certificate.`);
  const issuer = { name: subjectOf(certificate.raw), key, keyIdentifier: null };
  const { publicKey } = await makeKeyPair('p256');
  return (code) => {
    const now = Date.now();
    const content = {
      serial: newSerial(),
      commonName: code,
      alternativeNames: {},
      validFrom: now - VALID_MS,
      validTo: now + VALID_MS,
      purpose: 'client',
    } as const;
    return toPem('CERTIFICATE', writeCertificate(content, publicKey, issuer));
  };
}
