import type { Control, NewCommand } from '../control/control.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Ledger } from './ledger.ts';
import type { RuleState } from './tracked.ts';

/** A device that was away for longer is not set to what was wanted then. */
const EXPIRES_MS = 3_600_000;
/** A rule whose action raises the rule again goes round in a circle: it acts so often in a minute at most. */
const PER_RULE_AND_MINUTE = 60;

/** What rules do besides telling people: they set points and call devices. Committed with the change of the alarm; on their way then as any other command. */
export interface Commands {
  /** The rule's actions for this change. */
  due(record: AlarmRecord, on: 'raised' | 'cleared'): void;
  readonly asked: number;
  /** Too many of one rule, or nothing that may be asked of the device. */
  readonly dropped: number;
}

export interface CommandsPorts {
  readonly control: Pick<Control, 'plan'>;
  readonly ledger: () => Ledger;
  readonly stateOf: (project: ProjectId, rule: string) => RuleState | undefined;
  /** The action could not be asked for. */
  readonly onFailed: (state: RuleState, error: unknown) => void;
  readonly clock: () => number;
  readonly log: Log;
}

export function createCommands({ control, ledger, stateOf, onFailed, clock, log }: CommandsPorts): Commands {
  const counts = new Map<string, number>();
  let minute = 0;
  let asked = 0;
  let dropped = 0;

  return {
    due(record, on) {
      const state = stateOf(record.project, record.rule);
      if (state === undefined) return;
      for (const { on: when, kind, device, name, value } of state.rule.actions) {
        const target = device === null ? record.subject.device : (device as DeviceId);
        if (when !== on || target === null) continue;
        if (!mayAct(`${record.project} ${record.rule}`)) {
          dropped += 1;
          if (dropped % 1_000 === 1) log.warn({ rule: record.rule, dropped }, 'actions of a rule are dropped: it acts too often');
          continue;
        }
        ask(state, record.project, wishOf(kind, target, name, value));
      }
    },
    get asked() {
      return asked;
    },
    get dropped() {
      return dropped;
    },
  };

  function ask(state: RuleState, project: ProjectId, wish: NewCommand): void {
    try {
      const planned = control.plan(project, [wish], `rule:${state.rule.id}`);
      ledger().command(planned.statements, () => {
        asked += 1;
        planned.committed();
      });
    } catch (error: unknown) {
      dropped += 1;
      // Its other actions, and the alarm itself, go on.
      onFailed(state, error instanceof MusterError ? new MusterError(error.code, `its action cannot be done: ${error.message}`, { cause: error }) : error);
    }
  }

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
}

function wishOf(kind: 'set' | 'call', device: DeviceId, name: string, value: JsonValue): NewCommand {
  const rest = { device, expiryMs: EXPIRES_MS };
  return kind === 'set' ? { ...rest, kind, name: null, value: { [name]: value } } : { ...rest, kind, name, value };
}
