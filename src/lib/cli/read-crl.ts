import { createReadStream } from 'node:fs';
import { MusterError } from '../errors/muster-error.ts';
import { nameOfSource } from './definition-file.ts';
import { readBytes } from './prompt.ts';

/** What the hub takes is less, unless somebody raised limits.payload-bytes-max. */
const BYTES_MAX = 64 * 1024 * 1024;

/** A revocation list in PEM or DER (- for stdin), as it is. What holds a private key is never sent anywhere. */
export async function readCrl(file: string, signal: AbortSignal): Promise<Buffer> {
  const name = nameOfSource(file);
  const bytes = await readBytes(file === '-' ? process.stdin : createReadStream(file), { bytesMax: BYTES_MAX, signal, name });
  if (bytes.includes('PRIVATE KEY-----'))
    throw new MusterError('usage', `${name} holds a private key, which is to stay where it is.`, {
      hint: 'Give the revocation list alone.',
      details: { file },
    });
  return bytes;
}
