import type { Principal } from '../../../access/principal.ts';
import type { StoredWill } from '../../../storage/broker-state.ts';
import type { Will as ConnectWill } from '../codec/packet.ts';
import type { ChangeWriter } from './change-writer.ts';

/** The last will of a client, kept by its session's id until it says good-bye or the will is sent. */
export interface Will {
  readonly session: string;
  readonly principal: Principal;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly properties: Uint8Array | null;
  readonly contentType: string | null;
  readonly messageExpirySeconds: number | null;
  readonly delaySeconds: number;
  readonly scheme: string;
  readonly address: string | null;
}

/** Of wills that come from disk, when their connection is long gone. */
export const RESTORED = { scheme: 'mqtt', address: null } as const;

export function newWill(will: ConnectWill, session: string, principal: Principal, origin: { readonly scheme: string; readonly address: string | null }): Will {
  return {
    session,
    principal,
    topic: will.topic,
    payload: Buffer.from(will.payload),
    qos: will.qos,
    retain: will.retain,
    properties: will.properties?.forwarded ? Buffer.from(will.properties.forwarded) : null,
    contentType: will.properties?.contentType ?? null,
    messageExpirySeconds: will.properties?.messageExpiryInterval ?? null,
    delaySeconds: will.delayInterval,
    scheme: origin.scheme,
    address: origin.address,
  };
}

export function toStoredWill(will: Will, dueAt: number | null): StoredWill {
  const { session, principal, topic, payload, qos, retain, properties, messageExpirySeconds, delaySeconds } = will;
  return { session, principal: JSON.stringify(principal), topic, payload, qos, retain, properties, messageExpirySeconds, delaySeconds, dueAt };
}

/** Wills of clients that are connected, or gone and still within their delay. */
export class Wills {
  readonly #wills = new Map<string, Will>();
  readonly #due = new Map<string, number>();
  readonly #writer: Pick<ChangeWriter, 'later'>;
  readonly #send: (will: Will) => void;

  constructor(writer: Pick<ChangeWriter, 'later'>, send: (will: Will) => void) {
    this.#writer = writer;
    this.#send = send;
  }

  get size(): number {
    return this.#wills.size;
  }

  /** The caller writes it. */
  put(will: Will): void {
    this.#wills.set(will.session, will);
    this.#due.delete(will.session);
  }

  has(session: string): boolean {
    return this.#wills.has(session);
  }

  /** Whether it is still what is to be on disk. */
  isCurrent({ session, payload, dueAt }: StoredWill): boolean {
    return this.#wills.get(session)?.payload === payload && (this.#due.get(session) ?? null) === dueAt;
  }

  /** One that is to be sent at `dueAt`, from disk or once more. */
  restore(will: Will, dueAt: number): void {
    this.#wills.set(will.session, will);
    this.#due.set(will.session, dueAt);
  }

  /** Good-bye was said, or the client is back within the delay [MQTT-3.1.2-8] [MQTT-3.1.3-9]. */
  forget(session: string): void {
    if (!this.#wills.delete(session)) return;
    this.#due.delete(session);
    this.#writer.later({ kind: 'remove-will', session });
  }

  /** The connection was lost; its will is sent after its delay, or when the session ends. */
  lose(session: string, now: number, delayMaxSeconds: number): void {
    const will = this.#wills.get(session);
    if (!will) return;
    const delaySeconds = Math.min(will.delaySeconds, delayMaxSeconds);
    if (delaySeconds <= 0) {
      this.release(session);
      return;
    }
    const dueAt = now + delaySeconds * 1000;
    this.#due.set(session, dueAt);
    this.#writer.later({ kind: 'put-will', will: toStoredWill(will, dueAt) });
  }

  /** Sends it now. The one who sends it takes it off the disk, together with what the message brings along. */
  release(session: string): void {
    const will = this.#wills.get(session);
    if (!will) return;
    this.#wills.delete(session);
    this.#due.delete(session);
    this.#send(will);
  }

  sweep(now: number): void {
    for (const [session, dueAt] of this.#due) if (dueAt <= now) this.release(session);
  }
}
