import type { EventEmitter } from 'node:events';
import { messageOf } from '../errors/muster-error.ts';

/** As mqtt says that nothing was answered in time. */
const NO_ANSWER = /connack timeout/i;

/**
 * The TLS session of the last connection: a handshake that resumes it costs the hub a fraction. It outlives a hub that is away, and one that has too much to do to answer, because
 * that is when thousands of devices come back at once. Any other failure lets go of it: it may have been the reason, and it would show the hub the certificate that was shown when it began.
 */
export class KeptSession {
  #session: Buffer | null = null;
  #isReached = false;

  /** For the next attempt. */
  get options(): { readonly session?: Buffer } {
    return this.#session === null ? {} : { session: this.#session };
  }

  /** An attempt begins. `stream`: its socket, which may be no TLS. */
  watch(stream: Pick<EventEmitter, 'on'>): void {
    this.#isReached = false;
    // The TCP connection, of TLS too.
    stream.on('connect', () => {
      this.#isReached = true;
    });
    stream.on('session', (session: Buffer) => {
      this.#session = session;
    });
  }

  /** The attempt came to nothing. */
  failed(problem: unknown): void {
    if (this.#isReached && !NO_ANSWER.test(messageOf(problem))) this.forget();
  }

  forget(): void {
    this.#session = null;
  }
}
