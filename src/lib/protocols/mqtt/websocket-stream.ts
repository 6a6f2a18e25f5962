import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

const UNSUPPORTED_DATA = 1003;
const NORMAL = 1000;
/** How long the other side may take to close before the socket is cut. */
const CLOSE_DEADLINE_MS = 1_000;

/**
 * MQTT over WebSocket as a byte stream: one binary frame may hold part of a packet or many [MQTT-6.0.0-2]; a text frame
 * ends the connection [MQTT-6.0.0-1]. Both directions push back. Written bytes are gathered, so that a packet travels
 * in one frame however it was written.
 */
export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (frame: Buffer, isBinary: boolean) => {
      if (this.destroyed) return;
      if (!isBinary) {
        socket.close(UNSUPPORTED_DATA, 'MQTT is binary');
        this.destroy();
      } else if (!this.push(frame)) {
        socket.pause();
      }
    });
    // What came before is still to be read; then the stream ends by itself.
    socket.on('close', () => {
      if (!this.destroyed) this.push(null);
    });
    socket.on('error', (error: Error) => this.destroy(error));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close(NORMAL);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (socket.readyState === socket.OPEN) socket.close(NORMAL);
    // A paused socket would never see the other side's close frame.
    if (socket.isPaused) socket.resume();
    if (socket.readyState !== socket.CLOSED) {
      const deadline = setTimeout(() => socket.terminate(), CLOSE_DEADLINE_MS);
      deadline.unref();
      socket.once('close', () => clearTimeout(deadline));
    }
    done(error);
  }

  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    // Nobody hears it any more; what the client sent is handled all the same.
    if (this.#socket.readyState !== this.#socket.OPEN) done();
    else this.#socket.send(bytes, { binary: true }, (error) => done(error ?? null));
  }
}
