import type { Duplex } from 'node:stream';
import { ACK_BYTES, writeAck } from './codec/encode.ts';
import type { AckType } from './codec/packet.ts';

/** What the acknowledgements of one turn are gathered in. */
const ACKS_BYTES = 64 * ACK_BYTES;
/** Smaller pieces are put together before they are written. */
const GATHERED_BYTES_MAX = 65_536;

/** The bytes to one client: what is written in one turn of the event loop leaves in one piece, as a rule. */
export class ConnectionOutput {
  readonly #socket: Duplex;
  readonly #bufferBytesMax: number;
  readonly #flushSoon: (output: ConnectionOutput) => void;
  readonly #onRoom: () => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #acks: Buffer | null = null;
  #acksBytes = 0;
  #willFlush = false;
  #written = 0;

  constructor(socket: Duplex, bufferBytesMax: number, flushSoon: (output: ConnectionOutput) => void, onRoom: () => void) {
    this.#socket = socket;
    this.#bufferBytesMax = bufferBytesMax;
    this.#flushSoon = flushSoon;
    this.#onRoom = onRoom;
  }

  /** Bytes that the operating system has taken so far. */
  get taken(): number {
    return this.#written - this.#socket.writableLength;
  }

  hasRoom(): boolean {
    return this.#socket.writableLength + this.#bytes <= this.#bufferBytesMax;
  }

  add(bytes: Buffer): void {
    this.#takeAcks();
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#soon();
  }

  /** PUBACK and the like with reason code 0, which are most of what a device gets. */
  acknowledge(type: AckType, packetId: number): void {
    this.#acks ??= Buffer.allocUnsafe(ACKS_BYTES);
    this.#acksBytes = writeAck(type, this.#acks, this.#acksBytes, packetId);
    this.#bytes += ACK_BYTES;
    if (this.#acksBytes === ACKS_BYTES) this.#takeAcks();
    this.#soon();
  }

  /** Writes what has gathered. */
  flush(): void {
    this.#willFlush = false;
    this.#takeAcks();
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    this.drop();
    this.#written += bytes;
    if (pieces.length === 1) this.#write(pieces[0] as Buffer);
    else if (bytes <= GATHERED_BYTES_MAX) this.#write(Buffer.concat(pieces, bytes));
    else {
      this.#socket.cork();
      for (const piece of pieces) this.#write(piece);
      this.#socket.uncork();
    }
  }

  /** Nobody takes it any more. */
  drop(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#acks = null;
    this.#acksBytes = 0;
  }

  #write(bytes: Buffer): void {
    // `drain` comes beyond the stream's own mark alone, which may be higher than ours.
    if (this.#socket.writableLength + bytes.length <= this.#bufferBytesMax) this.#socket.write(bytes);
    else this.#socket.write(bytes, this.#onRoom);
  }

  #takeAcks(): void {
    if (this.#acks === null) return;
    this.#pieces.push(this.#acks.subarray(0, this.#acksBytes));
    this.#acks = null;
    this.#acksBytes = 0;
  }

  #soon(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    this.#flushSoon(this);
  }
}
