import { randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';
import { MusterError, messageOf } from '../errors/muster-error.ts';

/** What seals the TLS sessions that clients keep. Whoever has one can make sessions that the hub takes for its own. */
export interface TicketKey {
  readonly key: Buffer;
  /** ms since 1970 */
  readonly madeAt: number;
}

/** Where the key is kept. */
export interface TicketKeyFile {
  /** null: there is none yet. Rejects when it cannot be read. */
  read(): Promise<string | null>;
  /** Whole or not at all, for the owner alone. */
  write(text: string): Promise<void>;
}

export interface TicketKeysPorts {
  readonly file: TicketKeyFile;
  readonly clock: () => number;
  /** It goes on with a key in memory: after a restart every handshake is a whole one. */
  readonly failed: (error: unknown) => void;
}

/** As Node has them: 16 bytes of a name, 16 for the HMAC, 16 for AES. */
const KEY_BYTES = 48;
/** TLS 1.2 has no other secret than this key in a resumed session: it must not live long. */
const RENEW_AFTER_MS = 7 * 86_400_000;
const LOOK_EVERY_MS = 3_600_000;

/**
 * The key that TLS sessions are sealed with, kept over restarts of the hub: thousands of devices that come back at once after one resume their sessions, for about half of what
 * whole handshakes cost. It is renewed every week; a session from before that is answered with a whole handshake.
 */
export class TicketKeys {
  readonly #ports: TicketKeysPorts;
  readonly #servers = new Set<Pick<Server, 'setTicketKeys'>>();
  #current: TicketKey;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  private constructor(ports: TicketKeysPorts, current: TicketKey) {
    this.#ports = ports;
    this.#current = current;
  }

  /** A key that cannot be read, or not be written, is no reason not to start. */
  static async open(ports: TicketKeysPorts): Promise<TicketKeys> {
    const known = await ports.file
      .read()
      .then((text) => (text === null ? null : parse(text)))
      .catch((error: unknown) => {
        ports.failed(error);
        return null;
      });
    const keys = new TicketKeys(ports, known ?? { key: randomBytes(KEY_BYTES), madeAt: Number.NEGATIVE_INFINITY });
    await keys.look();
    keys.#timer = setInterval(() => void keys.look(), LOOK_EVERY_MS).unref();
    return keys;
  }

  get current(): Buffer {
    return this.#current.key;
  }

  /** From now on the server seals with the key of the day. */
  serve(server: Pick<Server, 'setTicketKeys'>): void {
    this.#servers.add(server);
    server.setTicketKeys(this.#current.key);
  }

  /** Renews the key when it is time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#renew().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#servers.clear();
    await this.#looking;
  }

  async #renew(): Promise<void> {
    const { file, clock, failed } = this.#ports;
    const now = clock();
    const age = now - this.#current.madeAt;
    // One from the future was made with a wrong clock, and would live for who knows how long.
    if (age >= 0 && age < RENEW_AFTER_MS) return;
    this.#current = { key: randomBytes(KEY_BYTES), madeAt: now };
    for (const server of this.#servers) server.setTicketKeys(this.#current.key);
    const { key, madeAt } = this.#current;
    await file.write(`${JSON.stringify({ key: key.toString('base64'), madeAt })}\n`).catch(failed);
  }
}

function parse(text: string): TicketKey {
  try {
    const { key, madeAt } = JSON.parse(text) as { readonly key?: unknown; readonly madeAt?: unknown };
    const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : null;
    if (bytes?.length !== KEY_BYTES || typeof madeAt !== 'number') throw new Error('it is no key with its time');
    return { key: bytes, madeAt };
  } catch (error: unknown) {
    throw new MusterError('invalid', `The key of TLS sessions cannot be used: ${messageOf(error)}.`, { cause: error });
  }
}
