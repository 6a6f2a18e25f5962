import type { Version } from './mqtt-packets.ts';
import { type PropertyName, type PropertyType, propertyWithId } from './mqtt-properties.ts';

/** Properties as received: those that may come several times as lists, in order. */
export type Properties = Partial<Record<Exclude<PropertyName, 'userProperty' | 'subscriptionIdentifier'>, number | string | Buffer>> & {
  readonly userProperty?: readonly (readonly [string, string])[];
  readonly subscriptionIdentifier?: readonly number[];
};

interface Connack {
  readonly type: 'connack';
  readonly sessionPresent: boolean;
  readonly code: number;
  readonly properties: Properties;
}
export interface Publish {
  readonly type: 'publish';
  readonly topic: string;
  /** Its bytes as Latin-1. */
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly id: number;
  readonly properties: Properties;
}
interface Acknowledgement<Type extends string> {
  readonly type: Type;
  readonly id: number;
  readonly code: number;
  readonly properties: Properties;
}
interface Subscribed<Type extends string> {
  readonly type: Type;
  readonly id: number;
  readonly codes: readonly number[];
  readonly properties: Properties;
}
interface Ended<Type extends string> {
  readonly type: Type;
  readonly code: number;
  readonly properties: Properties;
}
export type Answer =
  | Connack
  | Publish
  | Acknowledgement<'puback'>
  | Acknowledgement<'pubrec'>
  | Acknowledgement<'pubrel'>
  | Acknowledgement<'pubcomp'>
  | Subscribed<'suback'>
  | Subscribed<'unsuback'>
  | { readonly type: 'pingresp' }
  | Ended<'disconnect'>
  | Ended<'auth'>;
export type AnswerOf<Type extends Answer['type']> = Extract<Answer, { type: Type }>;

const TYPES = [
  null,
  null,
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  null,
  'suback',
  null,
  'unsuback',
  null,
  'pingresp',
  'disconnect',
  'auth',
] as const;

/**
 * Takes what a server sends apart and holds it to the specification while doing so: reserved bits, properties that do not
 * belong there or come twice, text that is no UTF-8, bytes that are left over. `push` throws on the first offence.
 */
export function createReader(version: Version, onPacket: (packet: Answer, bytes: number) => void): { push(chunk: Buffer): void } {
  let pending: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (let length = frameLength(pending); length !== null && pending.length >= length; length = frameLength(pending)) {
        const frame = pending.subarray(0, length);
        pending = pending.subarray(length);
        onPacket(readPacket(frame, version), length);
      }
    },
  };
}

/** Of the whole packet at the start; null when its length is not there yet. */
function frameLength(bytes: Buffer): number | null {
  let value = 0;
  for (let index = 1; index <= 4; index++) {
    const digit = bytes[index];
    if (digit === undefined) return null;
    value += (digit & 0x7f) * 128 ** (index - 1);
    if ((digit & 0x80) === 0) return 1 + index + value;
  }
  throw new Error('the server sent a length of more than four bytes');
}

function readPacket(frame: Buffer, version: Version): Answer {
  const first = frame[0] ?? 0;
  const type = TYPES[first >> 4];
  const fail = (reason: string) => new Error(`the server sent a wrong packet: ${reason}: ${frame.subarray(0, 64).toString('hex')}`);
  if (type === null || type === undefined) throw fail('no packet of a server');
  if ((type === 'disconnect' || type === 'auth') && version < 5) throw fail(`${type} exists in MQTT 5 only`);
  if (type !== 'publish' && (first & 0x0f) !== (type === 'pubrel' ? 2 : 0)) throw fail('reserved flags');
  const fields = new Fields(frame, 1 + lengthBytes(frame), type, fail);
  const answer = readFields(type, first & 0x0f, fields, version);
  if (fields.left > 0) throw fail('bytes after the last field');
  return answer;
}

function lengthBytes(frame: Buffer): number {
  let count = 1;
  while (((frame[count] ?? 0) & 0x80) !== 0) count++;
  return count;
}

function readFields(type: Answer['type'], flags: number, fields: Fields, version: Version): Answer {
  const properties = () => (version === 5 ? fields.properties() : {});
  switch (type) {
    case 'connack': {
      const acknowledge = fields.byte();
      if (acknowledge > 1) throw fields.fail('reserved bits of the acknowledge flags');
      return { type, sessionPresent: acknowledge === 1, code: fields.byte(), properties: properties() };
    }
    case 'publish': {
      const qos = (flags >> 1) & 3;
      if (qos === 3) throw fields.fail('QoS 3');
      if (qos === 0 && (flags & 8) !== 0) throw fields.fail('DUP with QoS 0');
      const topic = fields.text();
      const id = qos === 0 ? 0 : fields.packetId();
      const list = properties();
      if (topic === '' && list.topicAlias === undefined) throw fields.fail('an empty topic');
      if (/[+#]/.test(topic)) throw fields.fail('a wildcard in a topic');
      return { type, topic, payload: fields.rest().toString('latin1'), qos, retain: (flags & 1) !== 0, dup: (flags & 8) !== 0, id, properties: list };
    }
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': {
      const id = fields.packetId();
      const code = version === 5 && fields.left > 0 ? fields.byte() : 0;
      return { type, id, code, properties: version === 5 && fields.left > 0 ? fields.properties() : {} };
    }
    case 'suback': {
      const id = fields.packetId();
      return { type, id, properties: properties(), codes: [...fields.rest()] };
    }
    case 'unsuback': {
      const id = fields.packetId();
      return { type, id, properties: properties(), codes: version === 5 ? [...fields.rest()] : [] };
    }
    case 'pingresp':
      return { type };
    default: {
      const code = fields.left > 0 ? fields.byte() : 0;
      return { type, code, properties: fields.left > 0 ? fields.properties() : {} };
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Fields {
  readonly fail: (reason: string) => Error;
  readonly #bytes: Buffer;
  readonly #type: string;
  #at: number;

  constructor(bytes: Buffer, at: number, type: string, fail: (reason: string) => Error) {
    this.#bytes = bytes;
    this.#at = at;
    this.#type = type;
    this.fail = fail;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  packetId(): number {
    const id = this.#take(2).readUInt16BE();
    if (id === 0) throw this.fail('packet identifier 0');
    return id;
  }

  rest(): Buffer {
    return this.#take(this.left);
  }

  text(): string {
    const bytes = this.#binary();
    try {
      const decoded = UTF8.decode(bytes);
      if (!decoded.includes('\0')) return decoded;
    } catch {}
    throw this.fail('text that is no UTF-8, or holds U+0000');
  }

  properties(): Properties {
    const length = this.#varint();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.fail('properties beyond the end');
    const found: Record<string, unknown> = {};
    while (this.#at < end) {
      const definition = propertyWithId(this.byte());
      if (definition === undefined) throw this.fail('an unknown property');
      const { name, type, fromServer } = definition;
      if (!fromServer.includes(this.#type)) throw this.fail(`${name} does not belong there`);
      const value = this.#value(type);
      if (name === 'userProperty' || (name === 'subscriptionIdentifier' && this.#type === 'publish')) {
        found[name] = [...((found[name] as unknown[] | undefined) ?? []), value];
      } else {
        if (name in found) throw this.fail(`${name} twice`);
        found[name] = value;
      }
    }
    if (this.#at !== end) throw this.fail('a property beyond the length of the properties');
    return found as Properties;
  }

  #value(type: PropertyType): unknown {
    if (type === 'byte') return this.byte();
    if (type === 'uint16') return this.#take(2).readUInt16BE();
    if (type === 'uint32') return this.#take(4).readUInt32BE();
    if (type === 'varint') return this.#varint();
    if (type === 'text') return this.text();
    if (type === 'binary') return this.#binary();
    return [this.text(), this.text()];
  }

  #binary(): Buffer {
    return this.#take(this.#take(2).readUInt16BE());
  }

  #varint(): number {
    let value = 0;
    for (let index = 0; index < 4; index++) {
      const digit = this.byte();
      value += (digit & 0x7f) * 128 ** index;
      if ((digit & 0x80) === 0) return value;
    }
    throw this.fail('a variable byte integer of more than four bytes');
  }

  #take(count: number): Buffer {
    if (count > this.left) throw this.fail('a field beyond the end');
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }
}
