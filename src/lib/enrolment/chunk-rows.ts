import type { BatchDevice } from '../api/schema/device-batch.ts';
import type { KeyKind } from '../domain/certificate.ts';
import { type CredentialKind, type MadeCredential, makeCredential } from './make-credential.ts';
import type { PendingRow } from './pending-file.ts';
import type { ReadDevice } from './read-device.ts';

/** A row that is ready to be sent, or that will not be. */
export interface ChunkRow {
  readonly read: ReadDevice;
  /** null: it is not sent. */
  readonly device: BatchDevice | null;
  readonly credential: MadeCredential | null;
  /** It stood in the pending file of an import that ended before its answer. */
  readonly mayBeThere: boolean;
}

export interface ChunkOptions {
  /** Rows, and bytes of what is sent, in one chunk. */
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly credential: CredentialKind;
  /** Of the keys of certificates. */
  readonly key: KeyKind;
  /** ms since 1970; null: as the hub has it by default. */
  readonly expiresAt: number | null;
  /** Of an import before this one, by line. */
  readonly pending: ReadonlyMap<number, PendingRow>;
}

/** In the order of the file. Bad rows go along, so that the results have the order of the file too. */
export async function* chunksOf(rows: AsyncIterable<ReadDevice>, options: ChunkOptions): AsyncGenerator<readonly ChunkRow[]> {
  let chunk: ChunkRow[] = [];
  let bytes = 0;
  for await (const read of rows) {
    const row = await prepare(read, options);
    // Letters may take more bytes than one: those of a name, at most three each.
    const size = row.device === null ? 0 : JSON.stringify(row.device).length * 1.5;
    if (chunk.length > 0 && bytes + size > options.bytesMax) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += size;
    if (chunk.length < options.rowsMax) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}

async function prepare(read: ReadDevice, { credential: kind, expiresAt, pending, key }: ChunkOptions): Promise<ChunkRow> {
  if (read.device === null) return { read, device: null, credential: null, mayBeThere: false };
  const known = pending.get(read.line);
  const before = known !== undefined && known.id === read.id ? known : null;
  const credential = before === null ? (kind === 'none' ? null : await makeCredential(kind, read.password, expiresAt, key)) : before.credential;
  return { read, device: credential === null ? read.device : { ...read.device, credential: credential.wire }, credential, mayBeThere: before !== null };
}
