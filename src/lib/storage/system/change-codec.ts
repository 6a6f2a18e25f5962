import type { BrokerChange, StoredMessage } from '../broker-state.ts';

/**
 * Broker changes as bytes, one record after the other, little-endian:
 *
 *     0  length of the record (u32)     4  kind (u8)     5  length of the key (u32)     9  key · body
 *
 * Numbers of the broker are f64, null is NaN; a text or blob is its length (u32, all ones for null) and its bytes. Whoever only
 * wants to know which later change takes the place of an earlier one reads the key and leaves the body alone.
 */
const HEADER_BYTES = 9;
const NULL_LENGTH = 0xffff_ffff;
/** More than the numbers and lengths of any record take. */
const RECORD_BYTES_MAX = 96;

const KINDS = [
  'put-session',
  'remove-session',
  'put-subscription',
  'remove-subscription',
  'put-message',
  'remove-message',
  'put-delivery',
  'remove-delivery',
  'put-incoming',
  'remove-incoming',
  'put-retained',
  'remove-retained',
  'put-will',
  'remove-will',
] as const satisfies readonly BrokerChange['kind'][];

export const KIND = Object.fromEntries(KINDS.map((kind, index) => [kind, index])) as { readonly [Kind in BrokerChange['kind']]: number };

/** The bytes that these changes take at most. */
export function changeBytesOf(changes: readonly BrokerChange[]): number {
  let bytes = 0;
  for (const change of changes) bytes += RECORD_BYTES_MAX + variableBytesOf(change);
  return bytes;
}

function variableBytesOf(change: BrokerChange): number {
  switch (change.kind) {
    case 'put-session':
      return (change.session.id.length + change.session.principal.length) * 3;
    case 'put-subscription':
      return change.subscription.filter.length * 3;
    case 'remove-subscription':
      return change.filter.length * 3;
    case 'put-message':
    case 'put-retained': {
      const { topic, payload, properties, sender } = change.message;
      return (topic.length + (sender?.length ?? 0)) * 3 + payload.length + (properties?.length ?? 0);
    }
    case 'put-delivery':
      return change.delivery.subscriptionIdentifiers.length * 8;
    case 'remove-retained':
      return change.topic.length * 3;
    case 'put-will': {
      const { session, principal, topic, payload, properties } = change.will;
      return (session.length + principal.length + topic.length) * 3 + payload.length + (properties?.length ?? 0);
    }
    case 'remove-will':
      return change.session.length * 3;
    default:
      return 0;
  }
}

/** Gathers changes in one buffer, which may be transferred. */
export class ChangeEncoder {
  readonly #bytes: Buffer;
  #at = 0;

  /** `bytesMax` as `changeBytesOf` gives it for all that will be added. */
  constructor(bytesMax: number) {
    // Not from Node's pool: the buffer goes to another thread.
    this.#bytes = Buffer.from(new ArrayBuffer(bytesMax));
  }

  get length(): number {
    return this.#at;
  }

  /** What was added so far; the buffer may be longer. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer as ArrayBuffer, 0, this.#at);
  }

  add(changes: readonly BrokerChange[]): void {
    for (const change of changes) this.#record(change);
  }

  #record(change: BrokerChange): void {
    const start = this.#at;
    this.#at = start + HEADER_BYTES;
    this.#key(change);
    const keyLength = this.#at - start - HEADER_BYTES;
    this.#body(change);
    this.#bytes.writeUInt32LE(this.#at - start, start);
    this.#bytes[start + 4] = KIND[change.kind];
    this.#bytes.writeUInt32LE(keyLength, start + 5);
  }

  #key(change: BrokerChange): void {
    switch (change.kind) {
      case 'put-session':
        this.#number(change.session.key);
        return;
      case 'remove-session':
        this.#number(change.session);
        return;
      case 'put-subscription':
        this.#number(change.subscription.session);
        this.#rest(change.subscription.filter);
        return;
      case 'remove-subscription':
        this.#number(change.session);
        this.#rest(change.filter);
        return;
      case 'put-message':
        this.#number(change.message.key);
        return;
      case 'remove-message':
        this.#number(change.message);
        return;
      case 'put-delivery':
        this.#number(change.delivery.session);
        this.#number(change.delivery.sequence);
        return;
      case 'remove-delivery':
        this.#number(change.session);
        this.#number(change.sequence);
        return;
      case 'put-incoming':
      case 'remove-incoming':
        this.#number(change.session);
        this.#number(change.packetId);
        return;
      case 'put-retained':
        this.#rest(change.message.topic);
        return;
      case 'remove-retained':
        this.#rest(change.topic);
        return;
      case 'put-will':
        this.#rest(change.will.session);
        return;
      case 'remove-will':
        this.#rest(change.session);
        return;
    }
  }

  #body(change: BrokerChange): void {
    switch (change.kind) {
      case 'put-session': {
        const { expirySeconds, leftAt, id, principal } = change.session;
        this.#number(expirySeconds);
        this.#number(leftAt ?? Number.NaN);
        this.#text(id);
        this.#text(principal);
        return;
      }
      case 'put-subscription':
        this.#number(change.subscription.options);
        this.#number(change.subscription.identifier ?? Number.NaN);
        return;
      case 'put-message':
      case 'put-retained':
        this.#message(change.message);
        return;
      case 'put-delivery': {
        const { message, qos, retain, released, packetId, subscriptionIdentifiers } = change.delivery;
        // First: ChangeWindow looks for it.
        this.#number(message);
        this.#flags(qos, retain, released);
        this.#number(packetId ?? Number.NaN);
        for (const identifier of subscriptionIdentifiers) this.#number(identifier);
        return;
      }
      case 'put-will': {
        const { principal, topic, payload, qos, retain, properties, messageExpirySeconds, delaySeconds, dueAt } = change.will;
        this.#flags(qos, retain, false);
        this.#number(messageExpirySeconds ?? Number.NaN);
        this.#number(delaySeconds);
        this.#number(dueAt ?? Number.NaN);
        this.#text(principal);
        this.#text(topic);
        this.#blob(payload);
        this.#blob(properties);
        return;
      }
    }
  }

  #message({ key, topic, payload, qos, retain, properties, sender, arrivedAt, expiresAt }: StoredMessage): void {
    this.#number(key);
    this.#flags(qos, retain, false);
    this.#number(arrivedAt);
    this.#number(expiresAt ?? Number.NaN);
    this.#text(topic);
    this.#text(sender);
    this.#blob(properties);
    this.#blob(payload);
  }

  #flags(qos: number, retain: boolean, released: boolean): void {
    this.#bytes[this.#at++] = qos | (retain ? 4 : 0) | (released ? 8 : 0);
  }

  #number(value: number): void {
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** To the end of the key: its length is known. */
  #rest(text: string): void {
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  #text(text: string | null): void {
    if (text === null) {
      this.#blob(null);
      return;
    }
    const written = this.#bytes.write(text, this.#at + 4, 'utf8');
    this.#bytes.writeUInt32LE(written, this.#at);
    this.#at += 4 + written;
  }

  #blob(blob: Uint8Array | null): void {
    this.#at = this.#bytes.writeUInt32LE(blob === null ? NULL_LENGTH : blob.length, this.#at);
    if (blob === null) return;
    this.#bytes.set(blob, this.#at);
    this.#at += blob.length;
  }
}

/** Where a record lies: `key` is unique among the changes of one kind of thing. */
export interface ChangeRecord {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
  readonly bodyStart: number;
}

/** The records in their order. Throws when the bytes are no such records. */
export function* changeRecords(bytes: Buffer): Generator<ChangeRecord, void, undefined> {
  let start = 0;
  while (start < bytes.length) {
    const end = start + bytes.readUInt32LE(start);
    const kind = bytes.readUInt8(start + 4);
    const bodyStart = start + HEADER_BYTES + bytes.readUInt32LE(start + 5);
    if (end > bytes.length || bodyStart > end || KINDS[kind] === undefined) throw new Error(`the change at byte ${start} is malformed`);
    yield { kind, start, end, bodyStart };
    start = end;
  }
}

/** Its key as a text of bytes, for maps. */
export function keyOf(bytes: Buffer, { start, bodyStart }: ChangeRecord): string {
  return bytes.toString('latin1', start + HEADER_BYTES, bodyStart);
}

/** The message that a delivery (of kind put-delivery) carries. */
export function messageOfDelivery(bytes: Buffer, { bodyStart }: ChangeRecord): number {
  return bytes.readDoubleLE(bodyStart);
}

/** The change of one record. Payloads and properties are views of `bytes`. Throws when it is malformed. */
export function decodeChange(bytes: Buffer, { kind, start, end, bodyStart }: ChangeRecord): BrokerChange {
  const body = new RecordReader(bytes, bodyStart, end);
  const keyStart = start + HEADER_BYTES;
  // No functions made for each change: on this path they would cost as much as the rest.
  const name = KINDS[kind];
  switch (name) {
    case 'put-session':
      return {
        kind: name,
        session: { key: bytes.readDoubleLE(keyStart), expirySeconds: body.number(), leftAt: body.numberOrNull(), id: body.text(), principal: body.text() },
      };
    case 'remove-session':
      return { kind: name, session: bytes.readDoubleLE(keyStart) };
    case 'put-subscription':
      return {
        kind: name,
        subscription: {
          session: bytes.readDoubleLE(keyStart),
          filter: bytes.toString('utf8', keyStart + 8, bodyStart),
          options: body.number(),
          identifier: body.numberOrNull(),
        },
      };
    case 'remove-subscription':
      return { kind: name, session: bytes.readDoubleLE(keyStart), filter: bytes.toString('utf8', keyStart + 8, bodyStart) };
    case 'put-message':
    case 'put-retained':
      return { kind: name, message: body.message() };
    case 'remove-message':
      return { kind: name, message: bytes.readDoubleLE(keyStart) };
    case 'put-delivery': {
      const message = body.number();
      const { qos, retain, released } = body.flags();
      const packetId = body.numberOrNull();
      const subscriptionIdentifiers = body.numbersLeft();
      const delivery = {
        session: bytes.readDoubleLE(keyStart),
        sequence: bytes.readDoubleLE(keyStart + 8),
        message,
        qos: qos === 2 ? 2 : 1,
        retain,
        released,
        packetId,
        subscriptionIdentifiers,
      } as const;
      return { kind: name, delivery };
    }
    case 'remove-delivery':
      return { kind: name, session: bytes.readDoubleLE(keyStart), sequence: bytes.readDoubleLE(keyStart + 8) };
    case 'put-incoming':
    case 'remove-incoming':
      return { kind: name, session: bytes.readDoubleLE(keyStart), packetId: bytes.readDoubleLE(keyStart + 8) };
    case 'remove-retained':
      return { kind: name, topic: bytes.toString('utf8', keyStart, bodyStart) };
    case 'put-will': {
      const { qos, retain } = body.flags();
      const [messageExpirySeconds, delaySeconds, dueAt] = [body.numberOrNull(), body.number(), body.numberOrNull()];
      const [principal, topic, payload, properties] = [body.text(), body.text(), body.blob(), body.blobOrNull()];
      return {
        kind: name,
        will: {
          session: bytes.toString('utf8', keyStart, bodyStart),
          principal,
          topic,
          payload,
          qos,
          retain,
          properties,
          messageExpirySeconds,
          delaySeconds,
          dueAt,
        },
      };
    }
    case 'remove-will':
      return { kind: name, session: bytes.toString('utf8', keyStart, bodyStart) };
    default:
      throw new Error(`a change of kind ${kind} is unknown`);
  }
}

class RecordReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  number(): number {
    const at = this.#take(8);
    return this.#bytes.readDoubleLE(at);
  }

  numberOrNull(): number | null {
    const value = this.number();
    return Number.isNaN(value) ? null : value;
  }

  numbersLeft(): number[] {
    const values: number[] = [];
    while (this.#at < this.#end) values.push(this.number());
    return values;
  }

  flags(): { qos: 0 | 1 | 2; retain: boolean; released: boolean } {
    const flags = this.#bytes.readUInt8(this.#take(1));
    const qos = flags & 3;
    return { qos: qos === 1 || qos === 2 ? qos : 0, retain: (flags & 4) !== 0, released: (flags & 8) !== 0 };
  }

  blobOrNull(): Uint8Array | null {
    const length = this.#bytes.readUInt32LE(this.#take(4));
    if (length === NULL_LENGTH) return null;
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  blob(): Uint8Array {
    return this.blobOrNull() ?? new Uint8Array();
  }

  textOrNull(): string | null {
    const blob = this.blobOrNull();
    return blob === null ? null : Buffer.from(blob.buffer, blob.byteOffset, blob.length).toString('utf8');
  }

  text(): string {
    return this.textOrNull() ?? '';
  }

  message(): StoredMessage {
    const key = this.number();
    const { qos, retain } = this.flags();
    const [arrivedAt, expiresAt] = [this.number(), this.numberOrNull()];
    const [topic, sender, properties, payload] = [this.text(), this.textOrNull(), this.blobOrNull(), this.blob()];
    return { key, topic, payload, qos, retain, properties, sender, arrivedAt, expiresAt };
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw new Error(`a change ends after ${this.#end - at} of ${length} bytes`);
    this.#at = at + length;
    return at;
  }
}
