import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { MusterError, messageOf } from '../../errors/muster-error.ts';

export interface SaveOptions {
  readonly body: Readable;
  readonly path: string;
  /** Bytes of the file to keep before what comes. */
  readonly offset: number;
  readonly signal: AbortSignal;
  onChunk(chunk: Uint8Array): void;
}

/** Writes the body behind the first `offset` bytes of a file; resolves when it is on the disk. A body that is cut rejects. */
export async function saveExport({ body, path, offset, signal, onChunk }: SaveOptions): Promise<void> {
  const file = await open(path, offset === 0 ? 'w' : 'r+');
  try {
    await file.truncate(offset);
    let position = offset;
    for await (const chunk of wholeBody(body, signal)) {
      let written = 0;
      while (written < chunk.length) {
        const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position);
        written += bytesWritten;
        position += bytesWritten;
      }
      onChunk(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The chunks of an answer. One that ends before its end is `unreachable`, not a short file; the reader sets the pace. */
export async function* wholeBody(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = (): void => void body.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (signal.aborted) break;
      yield chunk;
    }
  } catch (error: unknown) {
    if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.', { cause: error });
    if (error instanceof MusterError) throw error;
    throw new MusterError('unreachable', `The hub ended the export before its end: ${messageOf(error)}.`, { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    body.destroy();
  }
  if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.');
  // A chunked body that is cut ends without its last chunk: Node says so by `complete`, not always by an error.
  if ('complete' in body && body.complete === false) throw new MusterError('unreachable', 'The hub ended the export before its end.');
}
