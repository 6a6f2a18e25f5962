import { uuidv7 } from 'uuidv7';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { HubEvent } from '../domain/event.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { AlarmStorage, RuleCommand } from '../storage/alarm-storage.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { Ledger } from './ledger.ts';
import type { RuleState } from './tracked.ts';

const RETRY_MS = 5_000;
/** A device that was away for longer is not set to what was wanted then. */
const EXPIRES_MS = 3_600_000;
/** A rule whose action raises the rule again goes round in a circle: it acts so often in a minute at most. */
const PER_RULE_AND_MINUTE = 60;
const WAITING_MAX = 10_000;

/** Sends a message to a device. False: nobody takes it at the moment. */
export type SendCommand = (topic: string, payload: Uint8Array) => Promise<boolean>;

/**
 * What rules do besides telling people: they set points and call devices. Committed with the change of the alarm; sent then, at least once, each with an id
 * by which the device knows it again. What no device takes is tried again for an hour.
 */
export interface Commands {
  /** The rule's actions for this change. */
  due(record: AlarmRecord, on: 'raised' | 'cleared', event: HubEvent | null): void;
  /** Reads what was not sent in the last run. */
  load(): Promise<void>;
  start(send: SendCommand): void;
  stop(): void;
  readonly waiting: number;
  readonly sent: number;
  /** Expired, or too many of one rule. */
  readonly dropped: number;
}

export interface CommandsPorts {
  readonly storage: AlarmStorage['commands'];
  readonly ledger: () => Ledger;
  readonly commit: (statements: readonly Statement[]) => Promise<unknown>;
  readonly directory: Directory;
  readonly stateOf: (project: ProjectId, rule: string) => RuleState | undefined;
  readonly clock: () => number;
  readonly log: Log;
}

export function createCommands(ports: CommandsPorts): Commands {
  const { storage, directory, clock, log } = ports;
  const waiting = new Map<string, RuleCommand>();
  const counts = new Map<string, number>();
  let minute = 0;
  let send: SendCommand | null = null;
  let timer: NodeJS.Timeout | null = null;
  let working = false;
  let sent = 0;
  let dropped = 0;

  return {
    due(record, on) {
      const state = ports.stateOf(record.project, record.rule);
      const actions = state?.rule.actions.filter((action) => action.on === on) ?? [];
      for (const { kind, device, name, value } of actions) {
        const target = device === null ? record.subject.device : (device as DeviceId);
        if (target === null || directory.device(target)?.device.project !== record.project) continue;
        if (!mayAct(`${record.project} ${record.rule}`) || waiting.size >= WAITING_MAX) {
          dropped += 1;
          if (dropped % 1_000 === 1) log.warn({ rule: record.rule, dropped }, 'actions of a rule are dropped: it acts too often');
          continue;
        }
        const command = {
          id: uuidv7(),
          project: record.project,
          device: target,
          kind,
          name,
          value,
          rule: record.rule,
          alarm: record.id,
          createdAt: clock(),
        };
        ports.ledger().command(storage.insert([command]), () => {
          waiting.set(command.id, command);
          void work();
        });
      }
    },
    async load() {
      for (const command of await storage.all()) waiting.set(command.id, command);
    },
    start(given) {
      send = given;
      timer = setInterval(() => void work(), RETRY_MS);
      timer.unref();
      void work();
    },
    stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      send = null;
    },
    get waiting() {
      return waiting.size;
    },
    get sent() {
      return sent;
    },
    get dropped() {
      return dropped;
    },
  };

  function mayAct(rule: string): boolean {
    const now = Math.floor(clock() / 60_000);
    if (now !== minute) {
      minute = now;
      counts.clear();
    }
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    return count <= PER_RULE_AND_MINUTE;
  }

  /** One after the other, in the order of their making: of two values for a point the later one wins. */
  async function work(): Promise<void> {
    if (working || send === null) return;
    working = true;
    const done: string[] = [];
    try {
      for (const command of [...waiting.values()]) {
        if (send === null) break;
        if (await settled(command, send)) {
          waiting.delete(command.id);
          done.push(command.id);
        }
      }
      // Sent again after a crash in between: at least once.
      if (done.length > 0) await ports.commit([storage.remove(done)]);
    } catch (error: unknown) {
      log.warn({ reason: messageOf(error) }, 'commands of rules could not be taken off the disk; devices may get them twice');
    } finally {
      working = false;
    }
  }

  async function settled(command: RuleCommand, to: SendCommand): Promise<boolean> {
    if (clock() - command.createdAt > EXPIRES_MS || directory.device(command.device)?.device.project !== command.project) {
      dropped += 1;
      log.warn({ device: command.device, rule: command.rule, kind: command.kind, name: command.name }, 'a command of a rule was not taken in time');
      return true;
    }
    try {
      if (!(await to(`devices/${command.device}/${command.kind}`, payloadOf(command)))) return false;
      sent += 1;
      return true;
    } catch (error: unknown) {
      log.warn({ device: command.device, rule: command.rule, reason: messageOf(error) }, 'a command of a rule could not be sent; it is tried again');
      return false;
    }
  }
}

function payloadOf({ id, kind, name, value, rule, alarm, createdAt }: RuleCommand): Uint8Array {
  const what = kind === 'set' ? { values: { [name]: value } } : { name, args: value };
  return Buffer.from(JSON.stringify({ id, ts: createdAt, ...what, rule, alarm }));
}
