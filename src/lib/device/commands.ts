import type { JsonValue } from '../domain/value.ts';
import { messageOf } from '../errors/muster-error.ts';
import { Rejected } from './device-error.ts';

interface Asked {
  /** The same in every repetition, and in the answer. */
  readonly id: string;
  readonly device: string;
  /** When it was asked, ms since 1970; null: not told. */
  readonly time: number | null;
}

/** Wanted values of parameters and set points. */
export interface SetCommand extends Asked {
  readonly kind: 'set';
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** Something to do. */
export interface CallCommand extends Asked {
  readonly kind: 'call';
  readonly name: string;
  readonly args: JsonValue;
}

/** A whole configuration document. */
export interface ConfigCommand extends Asked {
  readonly kind: 'config';
  readonly version: number | null;
  readonly document: JsonValue;
}

export type DeviceCommand = SetCommand | CallCommand | ConfigCommand;

/** It returns: the values are in force. It throws: they are not, and the message says why (throw `Rejected`). */
export type SetHandler = (values: SetCommand['values'], command: SetCommand) => void | Promise<void>;
/** What it returns is the result that the caller gets. */
export type CallHandler =
  | ((args: JsonValue, command: CallCommand) => JsonValue | undefined | Promise<JsonValue | undefined>)
  | ((args: JsonValue, command: CallCommand) => void | Promise<void>);
export type ConfigHandler = (document: JsonValue, command: ConfigCommand) => void | Promise<void>;

export interface CommandPorts {
  /** Sends an answer, sooner or later, once at least. */
  readonly answer: (kind: DeviceCommand['kind'], payload: string) => void;
  /** A handler threw something else than `Rejected`. */
  readonly onFailed: (command: DeviceCommand, error: unknown) => void;
  /** ms since 1970 */
  readonly now: () => number;
}

/** Answers that are remembered: a command that is sent again is not done again. */
const REMEMBERED_MAX = 512;
/** Commands that were not answered yet; more are rejected. */
const OPEN_MAX = 1_000;

/**
 * What one device is asked. Sets and configurations are done one after the other, in the order in which they came; calls begin in that order too, and may last beside one another.
 */
export class Commands {
  readonly #ports: CommandPorts;
  readonly #device: () => string;
  readonly #calls = new Map<string, CallHandler>();
  /** By id: the answer; null while it is being worked on. */
  readonly #known = new Map<string, string | null>();
  #set: SetHandler | null = null;
  #config: ConfigHandler | null = null;
  #anyCall: CallHandler | null = null;
  #open = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(device: () => string, ports: CommandPorts) {
    this.#device = device;
    this.#ports = ports;
  }

  onSet(handler: SetHandler): void {
    this.#set = handler;
  }

  onConfig(handler: ConfigHandler): void {
    this.#config = handler;
  }

  /** `name` null: every call that no other handler is there for. */
  onCall(name: string | null, handler: CallHandler): void {
    if (name === null) this.#anyCall = handler;
    else this.#calls.set(name, handler);
  }

  /** What there are handlers for: a device listens for nothing else, so the rest waits in the hub. */
  get kinds(): readonly DeviceCommand['kind'][] {
    const calls = this.#calls.size > 0 || this.#anyCall !== null;
    return [...(this.#set === null ? [] : (['set'] as const)), ...(calls ? (['call'] as const) : []), ...(this.#config === null ? [] : (['config'] as const))];
  }

  onMessage(kind: DeviceCommand['kind'], payload: Buffer): void {
    const read = readCommand(kind, payload, this.#device());
    // Without an id there is nothing to answer to.
    if (read === null) return;
    const { command, problem, expiresAt } = read;
    const before = this.#known.get(command.id);
    if (before === null) return;
    if (before !== undefined) {
      this.#ports.answer(kind, before);
      return;
    }
    if (problem !== null) this.#reject(command, problem);
    else if (expiresAt !== null && expiresAt < this.#ports.now()) this.#reject(command, 'it came after its time');
    else if (this.#open >= OPEN_MAX) this.#reject(command, `the device has ${OPEN_MAX} others to do`);
    else this.#begin(command);
  }

  #begin(command: DeviceCommand): void {
    this.#remember(command.id, null);
    this.#open += 1;
    const turn = this.#queue.then(() => {
      const work = this.#do(command).finally(() => {
        this.#open -= 1;
      });
      return command.kind === 'call' ? undefined : work;
    });
    this.#queue = turn.then(ignore, ignore);
  }

  async #do(command: DeviceCommand): Promise<void> {
    try {
      const result = await this.#handle(command);
      this.#answer(command, { state: 'applied', ...(result === undefined ? {} : { result }) });
    } catch (error: unknown) {
      if (!(error instanceof Rejected)) this.#ports.onFailed(command, error);
      this.#reject(command, error instanceof Rejected ? error.message : `the device failed: ${messageOf(error)}`);
    }
  }

  async #handle(command: DeviceCommand): Promise<JsonValue | undefined> {
    if (command.kind === 'set') {
      if (this.#set === null) throw new Rejected('the device takes no set points');
      await this.#set(command.values, command);
      return undefined;
    }
    if (command.kind === 'config') {
      if (this.#config === null) throw new Rejected('the device takes no configuration');
      await this.#config(command.document, command);
      return undefined;
    }
    const handler = this.#calls.get(command.name) ?? this.#anyCall;
    if (handler === null) throw new Rejected(`the device knows no call ${command.name}`);
    return (await handler(command.args, command)) ?? undefined;
  }

  #reject(command: DeviceCommand, reason: string): void {
    this.#answer(command, { state: 'rejected', reason });
  }

  #answer(command: DeviceCommand, outcome: Readonly<Record<string, unknown>>): void {
    const version = command.kind === 'config' && command.version !== null ? { version: command.version } : {};
    const payload = JSON.stringify({ id: command.id, ...version, ...outcome });
    this.#remember(command.id, payload);
    this.#ports.answer(command.kind, payload);
  }

  #remember(id: string, answer: string | null): void {
    this.#known.delete(id);
    this.#known.set(id, answer);
    if (this.#known.size <= REMEMBERED_MAX) return;
    for (const [oldest, settled] of this.#known) {
      // What is being worked on stays: it must not begin twice.
      if (settled === null) continue;
      this.#known.delete(oldest);
      break;
    }
  }
}

interface ReadCommand {
  readonly command: DeviceCommand;
  readonly problem: string | null;
  /** ms since 1970 */
  readonly expiresAt: number | null;
}

function readCommand(kind: DeviceCommand['kind'], payload: Buffer, device: string): ReadCommand | null {
  const body = parse(payload);
  const id = body?.['id'];
  if (!body || typeof id !== 'string' || id === '') return null;
  const { ts, expiresAt } = body;
  const asked = { id, device, time: typeof ts === 'number' ? ts : null };
  const rest = { expiresAt: typeof expiresAt === 'number' ? expiresAt : null };
  if (kind === 'set') {
    const { values } = body;
    const isFine = isObject(values);
    return { command: { ...asked, kind, values: isFine ? values : {} }, problem: isFine ? null : 'it has no values', ...rest };
  }
  if (kind === 'config') {
    const { version, config: document = null } = body;
    return { command: { ...asked, kind, version: typeof version === 'number' ? version : null, document }, problem: null, ...rest };
  }
  const { name, args = null } = body;
  const isFine = typeof name === 'string';
  return { command: { ...asked, kind, name: isFine ? name : '', args }, problem: isFine ? null : 'it has no name', ...rest };
}

function parse(payload: Buffer): Readonly<Record<string, JsonValue>> | null {
  try {
    const body = JSON.parse(payload.toString()) as JsonValue;
    return isObject(body) ? body : null;
  } catch {
    return null;
  }
}

function isObject(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ignore(): void {}
