import { type CallHandler, Commands, type ConfigHandler, type DeviceCommand, type SetHandler } from './commands.ts';
import { DeviceError } from './device-error.ts';
import type { HubClock } from './hub-clock.ts';
import type { HubLink } from './hub-link.ts';
import type { Outgoing } from './outbox.ts';
import { type EncodedReports, encodeReport, encodeReports, type Report, type ReportFormat, type Values } from './report.ts';
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
  readonly #timeOf: (stamp: number) => number;
  #reportTopic: string | (() => string);

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
    this.#timeOf = (stamp) => ports.clock.timeOf(stamp);
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
    const { format } = this.#ports;
    const now = performance.now();
    try {
      return this.#pushReport(encodeReport(values, options, format, now, this.#timeOf), now);
    } catch (error: unknown) {
      return unsaid(error);
    }
  }

  reportAll(reports: readonly Report[]): Promise<void> {
    const { format } = this.#ports;
    const now = performance.now();
    try {
      return this.#pushReport(encodeReports(reports, format, now, this.#timeOf), now);
    } catch (error: unknown) {
      return unsaid(error);
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
    const bytes = payload.length + ANSWER_BYTES_BESIDES;
    this.#ports.link.pushFirst({ topic, payload, bytes, values: 0, qos: 1, settle: ignore, handedOverAt: performance.now(), encoded: null, sent: false });
  }

  #pushReport({ payload, bytes, count }: EncodedReports, now: number): Promise<void> {
    return count === 0 ? Promise.resolve() : this.#push(this.#reportTopic, payload, bytes, count, this.#ports.qos, now);
  }

  #push(topic: Outgoing['topic'], payload: Outgoing['payload'], bytes: number, values: number, qos: 0 | 1 | 2, now = performance.now()): Promise<void> {
    let accept: () => void = ignore;
    let refuse: (error: Error) => void = ignore;
    const promise = new Promise<void>((resolve, reject) => {
      accept = resolve;
      refuse = reject;
    });
    const settle = (error: Error | null): void => {
      if (error === null) {
        accept();
        return;
      }
      // Who does not wait for it must not be ended by it: the events `refused` and `dropped` tell of it, too.
      promise.catch(ignore);
      refuse(error);
    };
    this.#ports.link.push({ topic, payload, bytes, values, qos, settle, handedOverAt: now, encoded: null, sent: false });
    return promise;
  }

  #lazyTopic(kind: DeviceTopicKind): string | (() => string) {
    return this.#ports.id() === null ? () => this.#topic(kind) : this.#topic(kind);
  }

  #topic(kind: DeviceTopicKind): string {
    return deviceTopic(this.#ports.id() ?? '', kind);
  }
}

function unsaid(error: unknown): Promise<never> {
  return Promise.reject(error instanceof Error ? error : new DeviceError('invalid', String(error)));
}

function ignore(): void {}
