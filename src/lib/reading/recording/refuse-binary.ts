import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { MusterError } from '../../errors/muster-error.ts';

interface Kind {
  readonly begins: readonly number[];
  readonly name: string;
  readonly hint: string;
}

const EXPORT_AGAIN = 'Write it again as NDJSON or CSV: those can be imported.';
const UNPACK = 'Unpack it first, or through a pipe: `gunzip -c FILE | muster import - --format ndjson`.';
const SAVE_AS_CSV = 'Save it as CSV (UTF-8).';

const KINDS: readonly Kind[] = [
  { begins: [0x50, 0x41, 0x52, 0x31], name: 'Parquet', hint: EXPORT_AGAIN },
  { begins: [0x1f, 0x8b], name: 'compressed with gzip', hint: UNPACK },
  { begins: [0x28, 0xb5, 0x2f, 0xfd], name: 'compressed with Zstandard', hint: UNPACK.replace('gunzip -c', 'zstd -dc') },
  { begins: [0x50, 0x4b, 0x03, 0x04], name: 'a ZIP archive or a spreadsheet', hint: SAVE_AS_CSV },
  { begins: [0xff, 0xfe], name: 'text in UTF-16', hint: SAVE_AS_CSV },
  { begins: [0xfe, 0xff], name: 'text in UTF-16', hint: SAVE_AS_CSV },
];

/** Looks at the beginning of a file, and leaves it to be read. Throws MusterError `invalid` when it is no text: a parser would quote its bytes. */
export async function refuseBinary(stream: Readable, file: string, command = 'import'): Promise<void> {
  const head = await beginningOf(stream);
  const name = file === '-' ? 'The input' : file;
  const kind = KINDS.find(({ begins }) => begins.every((byte, index) => head[index] === byte));
  if (kind === undefined && !head.includes(0)) return;
  stream.destroy();
  throw new MusterError('invalid', `${name} is ${kind?.name ?? 'no text'}; \`muster ${command}\` reads CSV and NDJSON.`, { hint: kind?.hint ?? EXPORT_AGAIN });
}

async function beginningOf(stream: Readable): Promise<Buffer> {
  if (stream.readableLength === 0 && !stream.readableEnded) await once(stream, 'readable');
  const head = stream.read() as Buffer | null;
  if (head === null)
    throw new MusterError('invalid', 'The file is empty.', { hint: 'A CSV begins with the names of its columns, each line of NDJSON is an object.' });
  stream.unshift(head);
  return head;
}
