import type { Duplex } from 'node:stream';
import type { Principal } from '../../access/principal.ts';
import type { Connection as PresentConnection } from '../../fleet/presence.ts';
import { connectRefusal } from './acknowledgement.ts';
import type { AedesClient, PublishPacket } from './aedes-client.ts';
import { Delivery } from './delivery.ts';
import { PacketGuard, type Violation } from './packet-guard.ts';
import type { Peer, Publishing } from './publishing.ts';
import { REASON, type ReasonCode } from './reason-codes.ts';
import { recordTrouble } from './refusals.ts';
import type { Session } from './session-store.ts';
import type { Surroundings } from './surroundings.ts';

const VIOLATION_CODE: Readonly<Record<Violation, ReasonCode>> = {
  first_not_connect: REASON.protocolError,
  second_connect: REASON.protocolError,
  reserved_type: REASON.malformed,
  malformed_length: REASON.malformed,
  too_short: REASON.malformed,
  too_large: REASON.packetTooLarge,
};
/** An answer that the client does not take is given up after this. */
const LAST_WORD_DEADLINE_MS = 1_000;

/**
 * One client: what passes between its socket and aedes. aedes asks the socket for bytes with `read(null)`; this stands in
 * front of that call, so that every byte passes the guard, and reading stops while too much waits for its answer.
 */
export class Connection implements Peer {
  readonly id: string;
  readonly client: AedesClient;
  readonly scheme: string;
  readonly address: string | null;
  readonly delivery: Delivery;
  /** Set once the client is known. */
  principal: Principal | null = null;
  session: Session | null = null;
  will: PublishPacket | null = null;
  publishing: Publishing | null = null;
  readonly #around: Surroundings;
  readonly #guard: PacketGuard;
  readonly #readSocket: (size?: number) => Buffer | null;
  readonly #writeBufferBytesMax: number;
  #parsing = false;
  #blocked = false;
  #cut = false;
  #present = false;

  constructor(around: Surroundings, conn: Duplex, who: { readonly id: string; readonly scheme: string; readonly address: string | null }) {
    const { settings } = around.ports;
    this.#around = around;
    this.id = who.id;
    this.scheme = who.scheme;
    this.address = who.address;
    this.#guard = new PacketGuard(settings['mqtt.packet-bytes-max']);
    this.#writeBufferBytesMax = settings['mqtt.write-buffer-bytes-max'];
    this.client = around.broker.handle(conn);
    // Plain objects know names such as `constructor`, which are valid filters and would end the process.
    this.client.subscriptions = Object.create(null) as AedesClient['subscriptions'];
    this.#readSocket = conn.read.bind(conn) as (size?: number) => Buffer | null;
    conn.read = (size?: number | null) => (size === null ? this.#read() : this.#readSocket(size));
    // aedes waits until all packets of its last read are done, but counts every `readable` as one of them; from here on
    // it reads whenever there is something and this connection lets it.
    conn.prependListener('readable', () => {
      this.client._parsingBatch = 1;
    });
    conn.on('drain', () => {
      this.delivery.pump();
      this.unblock();
    });
    this.delivery = new Delivery(
      this.client,
      around.broker.id,
      {
        windowMax: settings['mqtt.receive-maximum'],
        waitingMax: settings['mqtt.session-messages-max'],
        waitingBytesMax: settings['mqtt.session-bytes-max'],
        writeBufferBytesMax: this.#writeBufferBytesMax,
      },
      {
        dropped: () => {
          around.counters.dropped++;
        },
        withdrawn: (packet) => around.store.discard(this.client.id, packet),
      },
    );
    this.#wrapParser();
  }

  /** It is ending: what the parser still holds is not to be handled. */
  get isEnding(): boolean {
    return this.#cut;
  }

  /** aedes may read again: something that was in the way has gone. */
  unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#pull();
  }

  /** Ends the connection, for MQTT 5 with the reason. */
  cut(code: ReasonCode, reason: string): void {
    if (this.#cut || this.client.closed) return;
    this.#cut = true;
    this.#around.ports.log.debug({ protocol: this.scheme, address: this.address, client: this.client.id, reason }, 'connection cut');
    // Clients that take nothing would keep the farewell waiting.
    const deadline = setTimeout(() => this.client.conn.destroy(), LAST_WORD_DEADLINE_MS);
    this.client.disconnect({ reasonCode: code, properties: { reasonString: reason } }, () => clearTimeout(deadline));
  }

  violate(code: ReasonCode, reason: string): void {
    if (!this.#cut) {
      this.#around.counters.violations++;
      const device = this.principal?.kind === 'device' ? this.principal.id : undefined;
      const tooLarge = code === REASON.packetTooLarge;
      recordTrouble(
        this.#around,
        { device, scheme: this.scheme, address: this.address },
        { code: tooLarge ? 'payload_too_large' : 'protocol_error', step: 'receive', reason },
      );
    }
    this.cut(code, reason);
  }

  /** Refuses a CONNECT of MQTT 5 with a code that aedes cannot say; aedes is not told and its hook not answered. */
  refuse(code: ReasonCode, reason: string): void {
    const end = () => this.client.close();
    const deadline = setTimeout(end, LAST_WORD_DEADLINE_MS);
    this.client.conn.write(connectRefusal(code, reason), () => {
      clearTimeout(deadline);
      end();
    });
  }

  appear(): void {
    if (this.principal?.kind !== 'device' || this.#present) return;
    this.#present = true;
    const connection: PresentConnection = { id: this.id, device: this.principal.id, protocol: this.scheme, address: this.address };
    this.#around.ports.presence.connected(connection, this.#around.ports.clock());
  }

  disappear(): void {
    if (!this.#present) return;
    this.#present = false;
    this.#around.ports.presence.disconnected(this.id, this.#around.ports.clock());
  }

  #pull(): void {
    if (this.client.closed) return;
    this.client._parsingBatch = 1;
    this.client._nextBatch();
  }

  #read(): Buffer | null {
    // aedes asks again from inside the parser when a packet is done at once; the parser does not bear that.
    if (this.#parsing || this.#cut || this.client.closed) return null;
    const publishes = this.#allowance();
    if (publishes <= 0) {
      this.#blocked = true;
      return null;
    }
    const chunk = this.#readSocket();
    if (chunk === null || this.#guard.ended) return null;
    const end = this.#guard.scan(chunk, publishes);
    if (this.#guard.violation !== null) {
      this.violate(VIOLATION_CODE[this.#guard.violation], this.#guard.violation.replaceAll('_', ' '));
      return null;
    }
    if (end === chunk.length) return chunk;
    if (!this.#guard.ended) {
      // Back into the socket's own buffer, so that its end is not reported before the rest is read.
      this.client.conn.unshift(chunk.subarray(end));
      this.#blocked = true;
    }
    return end === 0 ? null : chunk.subarray(0, end);
  }

  /** How many messages may be taken now. */
  #allowance(): number {
    if (!this.#guard.connected) return 1;
    if (!this.client.connackSent || this.publishing === null || this.#around.isDraining()) return 0;
    if (this.client.conn.writableLength > this.#writeBufferBytesMax) return 0;
    return this.publishing.allowance();
  }

  #wrapParser(): void {
    const parser = this.client._parser;
    const parse = parser.parse.bind(parser);
    parser.parse = (chunk) => {
      this.#parsing = true;
      try {
        return parse(chunk);
      } catch (error: unknown) {
        // A bug behind the parser ends this connection, not the hub.
        this.#around.ports.log.error({ protocol: this.scheme, address: this.address, error }, 'a packet could not be handled');
        this.client.emit('error', error instanceof Error ? error : new Error(String(error)));
        return 0;
      } finally {
        this.#parsing = false;
        // The rest of the chunk is taken in the next turn, so that one busy client does not keep the others waiting.
        if (this.#blocked) setImmediate(() => this.unblock());
      }
    };
    parser.on('packet', ({ cmd, reasonCode }: { readonly cmd: string; readonly reasonCode?: number }) => {
      // What frees a place in the client's receive maximum (MQTT 5 section 4.9).
      if (cmd === 'puback' || cmd === 'pubcomp' || (cmd === 'pubrec' && (reasonCode ?? 0) >= 0x80)) this.delivery.acknowledged();
    });
  }
}
