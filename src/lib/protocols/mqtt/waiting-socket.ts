import type { Socket } from 'node:net';

/** A CONNECT, or the beginning of a TLS handshake, has room in it. What sends more is read no further. */
const READ_BYTES_MAX = 4_096;

/**
 * A socket that waits to be let in. It is read a little meanwhile, because only so is it noticed that the other side has given up; what was read is put back before
 * anybody else looks.
 */
export class WaitingSocket {
  readonly #socket: Socket;
  readonly #next: () => void;
  readonly #onGone: () => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isDone = false;
  isGone = false;
  /** performance.now() */
  readonly since = performance.now();

  /** `onGone` is called once when the other side has left. Nothing is called after `letIn` or `drop`. */
  constructor(socket: Socket, next: () => void, onGone: () => void) {
    this.#socket = socket;
    this.#next = next;
    this.#onGone = onGone;
    socket.on('error', this.#left);
    socket.on('close', this.#left);
    socket.on('end', this.#left);
    socket.on('data', this.#read);
    socket.resume();
  }

  letIn(): void {
    const socket = this.#leave();
    socket.off('error', this.#left);
    socket.pause();
    if (this.#bytes > 0) socket.unshift(Buffer.concat(this.#chunks));
    this.#next();
  }

  drop(): void {
    this.#leave().destroy();
  }

  #read = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > READ_BYTES_MAX) this.#socket.pause();
  };

  #left = (): void => {
    if (this.#isDone) return;
    this.isGone = true;
    // It stands in its queue until that is looked at.
    this.#chunks.length = 0;
    // Errors have a listener still: there may be more of them.
    this.#leave().destroy();
    this.#onGone();
  };

  #leave(): Socket {
    this.#isDone = true;
    const socket = this.#socket;
    socket.off('close', this.#left);
    socket.off('end', this.#left);
    socket.off('data', this.#read);
    return socket;
  }
}
