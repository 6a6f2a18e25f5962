import type { KeyObject } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromPem } from '../certificates/pem.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

/** In which form a key and its certificate are written. */
const PAPER_FORMS = ['pem', 'pkcs12'] as const;
export type PaperForm = (typeof PAPER_FORMS)[number];

export interface PaperPlace {
  readonly folder: string;
  readonly form: PaperForm;
  /** Encrypts the key; a PKCS #12 file has to have one. */
  readonly passphrase: string | null;
  /** Write over what is there. */
  readonly force: boolean;
}

export interface Papers {
  /** The certificate with that of its authority, or the PKCS #12 file. */
  readonly certificateFile: string;
  /** null: it stands in the PKCS #12 file, or its owner has it. */
  readonly keyFile: string | null;
}

/** A secret is for its owner's eyes. */
const PRIVATE = 0o600;
const PUBLIC = 0o644;

export function papersOf(name: string, { folder, form }: Pick<PaperPlace, 'folder' | 'form'>, hasKey = true): Papers {
  // Ids may have colons and names of servers stars, which not every file system takes.
  const base = join(folder, name.replaceAll(/[^A-Za-z0-9._-]/g, '_'));
  if (form === 'pkcs12') return { certificateFile: `${base}.p12`, keyFile: null };
  return { certificateFile: `${base}.pem`, keyFile: hasKey ? `${base}.key` : null };
}

/** Before anything is issued: a certificate that cannot be written is lost, and its key with it. Throws conflict. */
export async function checkPlace(names: readonly string[], place: PaperPlace, hasKey = true): Promise<void> {
  try {
    await mkdir(place.folder, { recursive: true, mode: 0o700 });
  } catch (error: unknown) {
    throw new MusterError('usage', `The directory ${place.folder} cannot be made: ${messageOf(error)}.`, { cause: error, hint: 'Choose another with --out.' });
  }
  const taken = new Map<string, string>();
  for (const name of names) {
    const { certificateFile, keyFile } = papersOf(name, place, hasKey);
    const other = taken.get(certificateFile);
    if (other !== undefined)
      throw new MusterError('conflict', `${other} and ${name} would be written to the same file ${certificateFile}.`, {
        hint: 'Issue one of them with another --out.',
      });
    taken.set(certificateFile, name);
    if (place.force) continue;
    for (const file of [certificateFile, ...(keyFile === null ? [] : [keyFile])])
      if (await exists(file)) throw new MusterError('conflict', `${file} exists already.`, { hint: 'Choose another --out, or --force to write over it.' });
  }
}

/** Each file whole or not at all; the key first. */
export async function writePapers(
  name: string,
  place: PaperPlace,
  content: { readonly certificate: string; readonly caCertificate: string; readonly key: KeyObject | null },
): Promise<Papers> {
  const { certificate, caCertificate, key } = content;
  const papers = papersOf(name, place, key !== null);
  const { passphrase, force } = place;
  if (place.form === 'pkcs12' && key !== null) {
    const { writePkcs12 } = await import('../certificates/write-pkcs12.ts');
    const certificates = fromPem(`${certificate}${caCertificate}`, 'CERTIFICATE');
    await write(papers.certificateFile, await writePkcs12({ key, certificates, passphrase: passphrase ?? '', name }), PRIVATE, force);
    return papers;
  }
  if (key !== null && papers.keyFile !== null) {
    const locked = passphrase === null ? {} : { cipher: 'aes-256-cbc', passphrase };
    await write(papers.keyFile, key.export({ type: 'pkcs8', format: 'pem', ...locked }), PRIVATE, force);
  }
  await write(papers.certificateFile, `${certificate}${caCertificate}`, PUBLIC, force);
  return papers;
}

/** A key in PEM, for its owner alone; takes the place of what is there. */
export function writeKeyFile(path: string, pem: string): Promise<void> {
  return explained(path, () => write(path, pem, PRIVATE, true));
}

export function writeCertificateFile({ certificateFile }: Papers, pem: string): Promise<void> {
  return explained(certificateFile, () => write(certificateFile, pem, PUBLIC, true));
}

export const isWritten = (file: string): Promise<boolean> => exists(file);

async function explained(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error: unknown) {
    throw new MusterError('storage_failed', `${path} cannot be written: ${messageOf(error)}.`, { hint: 'Make room, and go on with --resume.', cause: error });
  }
}

async function write(path: string, content: string | Uint8Array, mode: number, force: boolean): Promise<void> {
  // Made anew: one that is there could be open to others.
  if (force) await rm(path, { force: true });
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
