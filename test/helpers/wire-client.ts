import { connect as connectSocket, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import * as make from './mqtt-packets.ts';
import { type Answer, type AnswerOf, createReader, type Publish } from './mqtt-reader.ts';
import { waitUntil } from './wait-until.ts';

const DEADLINE_MS = 5_000;

/** Another broker to judge: `MUSTER_CONFORMANCE_BROKER=127.0.0.1:1884`. Without it every test file starts a hub of its own. */
export const FOREIGN_BROKER = process.env.MUSTER_CONFORMANCE_BROKER ?? '';
export const isForeign = FOREIGN_BROKER !== '';

export type Sendable = Buffer | make.PacketFor;

/** Opens a TCP connection on which nothing is said yet. */
export async function openSocket(host: string, port: number): Promise<Socket> {
  const socket = connectSocket({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/**
 * An MQTT client that does only what the test says. Nothing is acknowledged by itself. What arrives waits, in order, until the
 * test takes it; what offends the specification fails the test at its next step.
 */
export class WireClient {
  readonly version: make.Version;
  readonly stream: Duplex;
  /** Everything received, taken or not. */
  readonly received: Answer[] = [];
  /** Of the packets received. */
  largestBytes = 0;
  #unread: Answer[] = [];
  #offence: Error | null = null;
  #isClosed = false;
  #lastId = 0;

  constructor(stream: Duplex, version: make.Version) {
    this.stream = stream;
    this.version = version;
    const reader = createReader(version, (packet, bytes) => {
      this.largestBytes = Math.max(this.largestBytes, bytes);
      this.received.push(packet);
      this.#unread.push(packet);
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.#offence) return;
      try {
        reader.push(chunk);
      } catch (error) {
        this.#offence = error instanceof Error ? error : new Error(String(error));
      }
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  nextId(): number {
    this.#lastId = (this.#lastId % 65_535) + 1;
    return this.#lastId;
  }

  /** In one write. */
  send(...packets: readonly Sendable[]): void {
    this.stream.write(Buffer.concat(packets.map((packet) => (typeof packet === 'function' ? packet(this.version) : packet))));
  }

  /** The next packet of that type that no step has taken yet. */
  async take<Type extends Answer['type']>(type: Type, deadlineMs = DEADLINE_MS): Promise<AnswerOf<Type>> {
    const index = () => this.#unread.findIndex((packet) => packet.type === type);
    await this.#until(() => index() >= 0 || this.#isClosed, `a ${type} arrives`, deadlineMs);
    if (index() < 0) throw new Error(`the connection was closed before a ${type}${this.#seen()}`);
    return this.#unread.splice(index(), 1)[0] as AnswerOf<Type>;
  }

  async takeMany<Type extends Answer['type']>(type: Type, count: number): Promise<AnswerOf<Type>[]> {
    const taken: AnswerOf<Type>[] = [];
    while (taken.length < count) taken.push(await this.take(type));
    return taken;
  }

  /** What arrived and was not taken. */
  left<Type extends Answer['type']>(type: Type): AnswerOf<Type>[] {
    return this.#unread.filter((packet) => packet.type === type) as AnswerOf<Type>[];
  }

  /** The next PUBLISH, acknowledged to its end. */
  async receive(deadlineMs = DEADLINE_MS): Promise<Publish> {
    const publish = await this.take('publish', deadlineMs);
    if (publish.qos === 1) this.send(make.puback(publish.id));
    if (publish.qos === 2) {
      this.send(make.pubrec(publish.id));
      const pubrel = await this.take('pubrel');
      if (pubrel.id !== publish.id) throw new Error(`PUBREL for ${pubrel.id} instead of ${publish.id}`);
      this.send(make.pubcomp(publish.id));
    }
    return publish;
  }

  async receiveMany(count: number): Promise<Publish[]> {
    const messages: Publish[] = [];
    while (messages.length < count) messages.push(await this.receive());
    return messages;
  }

  /** Publishes and goes through the acknowledgements; gives the reason code of the first. */
  async publish(topic: make.Text, payload: make.Text = '', fields: Omit<make.PublishFields, 'payload'> = {}): Promise<number> {
    const { qos = 0 } = fields;
    const id = qos === 0 ? undefined : (fields.id ?? this.nextId());
    this.send(make.publish(topic, { ...fields, payload, ...(id === undefined ? {} : { id }) }));
    if (qos === 1) return (await this.#answerTo('puback', id)).code;
    if (qos !== 2 || id === undefined) return 0;
    const { code } = await this.#answerTo('pubrec', id);
    if (code >= 0x80) return code;
    this.send(make.pubrel(id));
    await this.#answerTo('pubcomp', id);
    return code;
  }

  async subscribe(filters: make.Filter | readonly make.Filter[], list?: Parameters<typeof make.subscribe>[2]): Promise<AnswerOf<'suback'>> {
    const id = this.nextId();
    this.send(make.subscribe(id, isOneFilter(filters) ? [filters] : filters, list));
    return this.#answerTo('suback', id);
  }

  async unsubscribe(...filters: make.Text[]): Promise<AnswerOf<'unsuback'>> {
    const id = this.nextId();
    this.send(make.unsubscribe(id, filters));
    return this.#answerTo('unsuback', id);
  }

  /** Everything sent before has been read by the server. */
  async ping(): Promise<void> {
    this.send(make.pingreq());
    await this.take('pingresp');
  }

  /** Says good-bye and waits until the server has closed. */
  async end(code?: number, list?: Parameters<typeof make.disconnect>[1]): Promise<void> {
    this.send(make.disconnect(code, list));
    await this.closed();
  }

  /** Goes without a word and waits until the server has noticed. */
  async drop(): Promise<void> {
    this.stream.end();
    await this.#until(() => this.#isClosed, 'the server closes a dropped connection', DEADLINE_MS);
  }

  async closed(deadlineMs = DEADLINE_MS): Promise<void> {
    await this.#until(() => this.#isClosed, 'the connection is closed', deadlineMs);
  }

  /**
   * The server cuts the connection. In MQTT 5 it says one of these reasons first; the specification does not force it to, so
   * of a foreign broker silence will do. Older versions have no words for it.
   */
  async refused(...codes: readonly number[]): Promise<void> {
    await this.closed();
    const said = this.#unread.at(-1);
    if (this.version < 5) {
      if (said?.type === 'connack') throw new Error(`CONNACK ${said.code} instead of a closed connection`);
      return;
    }
    if (isForeign && said?.type !== 'disconnect' && said?.type !== 'connack') return;
    if (said?.type !== 'disconnect' && said?.type !== 'connack') throw new Error(`the connection was closed without a DISCONNECT${this.#seen()}`);
    if (!codes.includes(said.code)) throw new Error(`${said.type} with ${hex(said.code)} instead of ${codes.map(hex).join(' or ')}`);
    this.#unread.pop();
  }

  destroy(): void {
    this.stream.destroy();
  }

  async #answerTo<Type extends 'puback' | 'pubrec' | 'pubcomp' | 'suback' | 'unsuback'>(type: Type, id: number | undefined): Promise<AnswerOf<Type>> {
    const answer = await this.take(type);
    const { id: answered } = answer as { readonly id: number };
    if (answered !== id) throw new Error(`${type} for ${answered} instead of ${id}`);
    return answer;
  }

  async #until(condition: () => boolean, what: string, deadlineMs: number): Promise<void> {
    const done = () => this.#offence !== null || condition();
    await waitUntil(done, what, deadlineMs).catch((error: Error) => {
      throw new Error(`${error.message}${this.#seen()}`);
    });
    if (this.#offence) throw this.#offence;
  }

  #seen(): string {
    return `; received ${this.received.map((packet) => ('code' in packet ? `${packet.type} ${hex(packet.code)}` : packet.type)).join(', ') || 'nothing'}`;
  }
}

const hex = (code: number) => `0x${code.toString(16).padStart(2, '0')}`;

function isOneFilter(filters: make.Filter | readonly make.Filter[]): filters is make.Filter {
  return !Array.isArray(filters) || (filters.length === 2 && typeof filters[1] === 'number');
}
