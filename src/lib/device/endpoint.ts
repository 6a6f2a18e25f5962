import { type CallHandler, Commands, type ConfigHandler, type DeviceCommand, type SetHandler } from './commands.ts';
import { DeviceError } from './device-error.ts';
import type { HubClock } from './hub-clock.ts';
import type { HubLink } from './hub-link.ts';
import type { Outgoing } from './outbox.ts';
import { encodeReports, type Report, type ReportFormat, type Values } from './report.ts';
import { type DeviceTopicKind, deviceTopic } from './topics.ts';

/** An alarm that a gateway found itself, or that it is over. */
export interface AlarmReport {
  /** Of the rule at the edge; it need not be known to the hub. */
  readonly rule: string;
  readonly ruleVersion?: number;
  /** Absent: the alarm is about the device. */
  readonly point?: string;
  /** ms since 1970; absent: now. */
  readonly ts?: number;
  /** null: back to normal. */
  readonly level: string | null;
  readonly severity?: string;
  readonly value?: unknown;
  readonly message?: string;
  /** Why, in one line with the figures. */
  readonly explanation?: string;
}

export interface EndpointPorts {
  readonly link: HubLink;
  readonly clock: HubClock;
  /** null: not known before it is claimed. */
  readonly id: () => string | null;
  readonly qos: 0 | 1 | 2;
  readonly format: ReportFormat;
  readonly onHandlerFailed: (command: DeviceCommand, error: unknown) => void;
  /** It listens for more than before. */
  readonly onListening: () => void;
}

const ANSWER_BYTES_BESIDES = 100;

/** What can be said for one device, and what it is asked: the device itself, or one behind a gateway. */
export class Endpoint {
  readonly #ports: EndpointPorts;
  readonly #commands: Commands;
  #reportTopic: string | (() => string);

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
    const id = ports.id();
    this.#reportTopic = id === null ? () => this.#topic('report') : deviceTopic(id, 'report');
    this.#commands = new Commands(() => this.#ports.id() ?? '', {
      answer: (kind, payload) => this.#answer(kind, payload),
      onFailed: ports.onHandlerFailed,
      now: () => ports.clock.now(),
    });
  }

  get id(): string | null {
    return this.#ports.id();
  }

  report(values: Values, options: Pick<Report, 'time' | 'quality'> = {}): Promise<void> {
    return this.reportAll([{ values, ...options }]);
  }

  reportAll(reports: readonly Report[]): Promise<void> {
    const { clock, format, qos } = this.#ports;
    try {
      const { payload, bytes, count } = encodeReports(reports, format, performance.now(), (stamp) => clock.timeOf(stamp));
      return count === 0 ? Promise.resolve() : this.#push(this.#reportTopic, payload, bytes, count, qos);
    } catch (error: unknown) {
      return Promise.reject(error instanceof Error ? error : new DeviceError('invalid', String(error)));
    }
  }

  alarm(report: AlarmReport): Promise<void> {
    const payload = JSON.stringify({ ts: this.#ports.clock.now(), ...report });
    return this.#push(this.#lazyTopic('alarm'), payload, payload.length, 0, this.#ports.qos);
  }

  /** A birth or death of a device behind a gateway. */
  tell(kind: 'birth' | 'death', content: object): Promise<void> {
    const payload = JSON.stringify(content);
    return this.#push(this.#lazyTopic(kind), payload, payload.length, 0, 1);
  }

  onSet(handler: SetHandler): void {
    this.#commands.onSet(handler);
    this.#ports.onListening();
  }

  onConfig(handler: ConfigHandler): void {
    this.#commands.onConfig(handler);
    this.#ports.onListening();
  }

  onCall(name: string | null, handler: CallHandler): void {
    this.#commands.onCall(name, handler);
    this.#ports.onListening();
  }

  /** Topics that it listens to. */
  get filters(): readonly string[] {
    return this.#commands.kinds.map((kind) => this.#topic(kind));
  }

  onMessage(kind: string, payload: Buffer): void {
    if (kind === 'set' || kind === 'call' || kind === 'config') this.#commands.onMessage(kind, payload);
  }

  #answer(kind: DeviceCommand['kind'], payload: string): void {
    const topic = this.#lazyTopic(`${kind}/result`);
    this.#ports.link.pushFirst(outgoing(topic, payload, payload.length + ANSWER_BYTES_BESIDES, 0, 1, ignore));
  }

  #push(topic: string | (() => string), payload: string | (() => string), bytes: number, values: number, qos: 0 | 1 | 2): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      this.#ports.link.push(
        outgoing(topic, payload, bytes, values, qos, (error) => {
          if (error === null) resolve();
          else reject(error);
        }),
      );
    });
    // Who does not wait for it must not be ended by it: the events `refused` and `dropped` tell of it, too.
    promise.catch(ignore);
    return promise;
  }

  #lazyTopic(kind: DeviceTopicKind): string | (() => string) {
    return this.#ports.id() === null ? () => this.#topic(kind) : this.#topic(kind);
  }

  #topic(kind: DeviceTopicKind): string {
    return deviceTopic(this.#ports.id() ?? '', kind);
  }
}

function outgoing(
  topic: Outgoing['topic'],
  payload: Outgoing['payload'],
  bytes: number,
  values: number,
  qos: Outgoing['qos'],
  settle: Outgoing['settle'],
): Outgoing {
  return { topic, payload, bytes, values, qos, settle, handedOverAt: performance.now(), encoded: null, sent: false };
}

function ignore(): void {}
