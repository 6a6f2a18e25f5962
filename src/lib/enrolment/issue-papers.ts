import { randomBytes } from 'node:crypto';
import type { CertificateIssued } from '../api/schema/certificates.ts';
import { type KeyPair, makeKeyPair, publicKeyDer } from '../certificates/keys.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { KeyKind } from '../domain/certificate.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { type PaperPlace, type Papers, writePapers } from './papers.ts';

/** Devices in one request: the hub signs them in one go. */
const CHUNK = 200;

/** What became of one of those who were to have a certificate. */
export interface PaperRow {
  readonly name: string;
  /** planned: with --dry-run. */
  readonly status: 'issued' | 'failed' | 'planned';
  readonly serial: string | null;
  readonly expires: number | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
  /** Of the PKCS #12 file, when the command made it: shown this once. */
  readonly passphrase: string | null;
  readonly fingerprint: string | null;
  readonly code: string | null;
  readonly reason: string | null;
}

export interface IssueWishes {
  readonly key: KeyKind;
  readonly ca: string | undefined;
  readonly validSeconds: number | undefined;
  readonly place: PaperPlace;
}

/** The private key stays here; the hub gets the public one. */
export function publicPem({ publicKey }: KeyPair): string {
  return `-----BEGIN PUBLIC KEY-----\n${publicKeyDer(publicKey)
    .toString('base64')
    .replaceAll(/.{1,64}/g, '$&\n')}-----END PUBLIC KEY-----\n`;
}

/** Certificates for devices, with keys that are made here. One row for each, in their order; a bad one takes nothing with it. */
export async function* issueToDevices(hub: Pick<HubClient, 'certificates'>, devices: readonly string[], wishes: IssueWishes): AsyncGenerator<PaperRow> {
  for (let start = 0; start < devices.length; start += CHUNK) {
    const chunk = devices.slice(start, start + CHUNK);
    const keys = await Promise.all(chunk.map(() => makeKeyPair(wishes.key)));
    const asked = chunk.map((device, index) => ({ device, publicKey: publicPem(keys[index] as KeyPair), ...limitsOf(wishes) }));
    const { items } = await hub.certificates.issueMany(asked);
    for (const [index, item] of items.entries()) {
      const name = chunk[index] ?? item.device;
      if (item.ok) yield await written(name, item.certificate, keys[index] ?? null, wishes.place);
      else yield failed(name, item.code, item.reason);
    }
  }
}

/** Writes what was issued, and says where. */
export async function written(name: string, issued: CertificateIssued, keys: KeyPair | null, place: PaperPlace): Promise<PaperRow> {
  const made = place.form === 'pkcs12' && place.passphrase === null ? randomBytes(15).toString('base64url') : null;
  let papers: Papers;
  try {
    papers = await writePapers(name, { ...place, passphrase: place.passphrase ?? made }, { ...issued, key: keys?.privateKey ?? null });
  } catch (error: unknown) {
    // The key is lost, so the certificate is of no use: whoever reads this may want to revoke it.
    return failed(
      name,
      error instanceof MusterError ? error.code : 'internal',
      `the certificate ${issued.serial} was issued, but not written: ${messageOf(error)}`,
    );
  }
  const { serial, validTo: expires, fingerprint } = issued;
  return { name, status: 'issued', serial, expires, ...papers, passphrase: made, fingerprint, code: null, reason: null };
}

export function limitsOf({ ca, validSeconds }: Pick<IssueWishes, 'ca' | 'validSeconds'>): { ca?: string; validSeconds?: number } {
  return { ...(ca !== undefined && { ca }), ...(validSeconds !== undefined && { validSeconds }) };
}

function failed(name: string, code: string, reason: string): PaperRow {
  return { name, status: 'failed', serial: null, expires: null, certificateFile: null, keyFile: null, passphrase: null, fingerprint: null, code, reason };
}
