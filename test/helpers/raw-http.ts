import { connect } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP connection that sends what the test says, well formed or not, and keeps what comes back. */
export interface RawHttp {
  write(bytes: string | Uint8Array): void;
  readonly received: () => string;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
  /** The other side takes nothing any more. */
  readonly isReset: () => boolean;
  /** Reads no more: the other side's answer stays in its buffers. */
  pause(): void;
  destroy(): void;
}

export async function openRawHttp(url: string): Promise<RawHttp> {
  const { hostname, port } = new URL(url);
  // Half open on purpose: a rude client does not close because the other side does.
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  let reset = false;
  socket.on('error', () => {
    reset = true;
  });
  const closed = new Promise<void>((done) => {
    socket.once('end', done);
    socket.once('close', () => done());
  });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((done, reject) => socket.once('connect', done).once('error', reject));
  return {
    write: (bytes) => void socket.write(bytes),
    received: () => received,
    closed,
    isReset: () => reset,
    pause: () => void socket.pause(),
    destroy: () => void socket.destroy(),
  };
}

/** The JSON body behind the first empty line. */
export function bodyOf(answer: string): { readonly code?: string; readonly status?: number; readonly detail?: string } {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
}
