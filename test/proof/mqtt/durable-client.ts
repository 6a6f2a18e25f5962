import type { Duplex } from 'node:stream';
import mqtt, { type IPublishPacket, type Packet } from 'mqtt-packet';
import type { Findings } from '../findings.ts';
import type { Credentials } from '../fleet.ts';
import { pause } from '../waiting.ts';
import type { Door } from './doors.ts';

export interface DurableClientOptions {
  readonly clientId: string;
  readonly credentials: Credentials | null;
  readonly version: 4 | 5;
  /** To where the broker is now. */
  readonly door: Door;
  readonly subscribe?: { readonly filter: string; readonly qos: 0 | 1 | 2 };
  /** Each message once, as far as its QoS tells. */
  readonly onMessage?: (packet: IPublishPacket) => void;
  readonly findings: Findings;
  readonly receiveMaximum?: number;
}

export interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 1 | 2;
  readonly retain?: boolean;
}

/** `refused`: a reason code of 128 or more, which ends the exchange in MQTT 5. */
export type Verdict = 'acknowledged' | 'refused';

interface UnderWay {
  readonly message: Outgoing;
  /** PUBREC has come: what is left is PUBREL. */
  released: boolean;
  attempts: number;
  readonly settle: (verdict: Verdict) => void;
}

const CONNECT_DEADLINE_MS = 10_000;
const SESSION_SECONDS = 86_400;
const PACKET_IDS = 65_535;
const REFUSED = 0x80;

/**
 * A client whose session lives on in its memory across broken connections, as MQTT 3.1.1 section 4.4 and MQTT 5 section 4.4 want it: what is
 * not acknowledged is sent again with DUP and its packet identifier, in order; incoming QoS 2 identifiers are known until PUBREL.
 */
export class DurableClient {
  readonly #options: DurableClientOptions;
  /** In the order of sending. */
  readonly #underWay = new Map<number, UnderWay>();
  readonly #incoming = new Set<number>();
  #socket: Duplex | null = null;
  #lastId = 0;
  #hadSession = false;
  #stopped = false;
  #running: Promise<void> | null = null;
  isConnected = false;
  /** Has been granted what it asked for. */
  isSubscribed = false;
  connections = 0;
  resent = 0;

  constructor(options: DurableClientOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#underWay.size;
  }

  /** Stays connected, again and again, until stop(). */
  start(): void {
    this.#stopped = false;
    this.#running ??= this.#run();
  }

  /** Ends the connection without a word; the session stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#socket?.destroy();
    await this.#running;
    this.#running = null;
  }

  /** Resolves once the broker has taken the message (PUBACK, PUBREC), however many connections that takes. */
  publish(message: Outgoing): Promise<Verdict> {
    return new Promise((settle) => {
      const id = this.#freeId();
      this.#underWay.set(id, { message, released: false, attempts: 0, settle });
      if (this.isConnected) this.#sendAgain(id);
    });
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#connection();
      } catch {
        // The broker is not there at the moment.
      }
      this.isConnected = false;
      if (!this.#stopped) await pause(15);
    }
  }

  #connection(): Promise<void> {
    const { version, clientId, credentials, receiveMaximum, door } = this.#options;
    return new Promise((resolve) => {
      const socket = door();
      this.#socket = socket;
      const parser = mqtt.parser({ protocolVersion: version });
      parser.on('packet', (packet) => this.#received(packet));
      parser.on('error', (error) => {
        this.#options.findings.add('the broker sent what is no packet', `${clientId}: ${error.message}`);
        socket.destroy();
      });
      const timer = setTimeout(() => !this.isConnected && socket.destroy(), CONNECT_DEADLINE_MS);
      socket.on('data', (chunk) => parser.parse(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#write({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: version,
        clean: false,
        clientId,
        keepalive: 60,
        ...(credentials !== null && { username: credentials.username, password: Buffer.from(credentials.password) }),
        ...(version === 5 && { properties: { sessionExpiryInterval: SESSION_SECONDS, ...(receiveMaximum !== undefined && { receiveMaximum }) } }),
      });
    });
  }

  #received(packet: Packet): void {
    const id = packet.messageId ?? 0;
    switch (packet.cmd) {
      case 'connack':
        this.#accepted(this.#options.version === 5 ? (packet.reasonCode ?? 0) : (packet.returnCode ?? 0), packet.sessionPresent);
        return;
      case 'suback': {
        const code = Number(packet.granted[0] ?? REFUSED);
        if (code >= REFUSED) this.#options.findings.add('a subscription was refused', `${this.#options.clientId}: ${code}`);
        this.isSubscribed = true;
        return;
      }
      case 'publish':
        this.#message(packet, id);
        return;
      case 'puback':
        this.#done(id, packet.reasonCode ?? 0);
        return;
      case 'pubrec':
        this.#taken(id, packet.reasonCode ?? 0);
        return;
      case 'pubcomp':
        this.#underWay.delete(id);
        return;
      case 'pubrel':
        this.#incoming.delete(id);
        this.#write({ cmd: 'pubcomp', messageId: id });
        return;
      default:
        return;
    }
  }

  #accepted(code: number, sessionPresent: boolean): void {
    const { subscribe, findings, clientId } = this.#options;
    if (code !== 0) {
      findings.add('a connection was refused', `${clientId}: ${code}`);
      this.#socket?.destroy();
      return;
    }
    this.connections += 1;
    if (this.#hadSession && !sessionPresent) {
      findings.add('a session that the broker had acknowledged was gone', clientId);
      this.#incoming.clear();
      this.isSubscribed = false;
    }
    this.#hadSession = true;
    this.isConnected = true;
    for (const id of this.#underWay.keys()) this.#sendAgain(id);
    // Until it is acknowledged it may not be known.
    if (subscribe && !this.isSubscribed)
      this.#write({ cmd: 'subscribe', messageId: this.#freeId(), subscriptions: [{ topic: subscribe.filter, qos: subscribe.qos }] });
  }

  #message(packet: IPublishPacket, id: number): void {
    if (packet.qos === 2) {
      // [MQTT-4.3.3-2]: the same identifier before PUBREL is the same message.
      if (!this.#incoming.has(id)) this.#options.onMessage?.(packet);
      this.#incoming.add(id);
      this.#write({ cmd: 'pubrec', messageId: id });
      return;
    }
    this.#options.onMessage?.(packet);
    if (packet.qos === 1) this.#write({ cmd: 'puback', messageId: id });
  }

  #done(id: number, code: number): void {
    const entry = this.#underWay.get(id);
    if (entry === undefined) return;
    this.#underWay.delete(id);
    entry.settle(code >= REFUSED ? 'refused' : 'acknowledged');
  }

  #taken(id: number, code: number): void {
    const entry = this.#underWay.get(id);
    if (entry === undefined) return;
    if (code >= REFUSED) {
      this.#done(id, code);
      return;
    }
    entry.released = true;
    entry.settle('acknowledged');
    this.#write({ cmd: 'pubrel', messageId: id });
  }

  #sendAgain(id: number): void {
    const entry = this.#underWay.get(id);
    if (entry === undefined) return;
    if (entry.released) {
      this.#write({ cmd: 'pubrel', messageId: id });
      return;
    }
    const { topic, payload, qos, retain = false } = entry.message;
    if (entry.attempts > 0) this.resent += 1;
    this.#write({ cmd: 'publish', topic, payload, qos, retain, dup: entry.attempts > 0, messageId: id });
    entry.attempts += 1;
  }

  #write(packet: Packet): void {
    if (this.#socket?.writable) this.#socket.write(mqtt.generate(packet, { protocolVersion: this.#options.version }));
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId % PACKET_IDS) + 1;
    while (this.#underWay.has(this.#lastId));
    return this.#lastId;
  }
}
