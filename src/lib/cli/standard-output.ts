/** Whoever read our output has gone (`| head -1`). Not a failure of ours. */
export class BrokenPipeError extends Error {
  constructor() {
    super('stdout was closed');
    this.name = 'BrokenPipeError';
  }
}

/** Writes all of it, waiting when the reader is slow, so that memory stays bounded. */
export function writeOut(text: string | Uint8Array, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.destroyed || stream.writableEnded) {
      reject(new BrokenPipeError());
      return;
    }
    stream.write(text, (error) => {
      if (!error) resolve();
      else reject(isBrokenPipe(error) ? new BrokenPipeError() : error);
    });
  });
}

export function isBrokenPipe(error: unknown): boolean {
  if (error instanceof BrokenPipeError) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EOF';
}
