import type { Actor } from '../domain/event.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { Directory } from '../fleet/directory.ts';
import { createTurns } from '../fleet/turns.ts';
import type { AlarmBook, LiveAlarm } from './alarm-book.ts';
import { type AlarmKeeper, surroundingsFrom, surroundingsOf } from './alarm-keeper.ts';
import type { KnownRules } from './known-rules.ts';
import type { RuleChange } from './rules.ts';
import type { SampleEvaluator } from './sample-evaluator.ts';
import type { Suppression } from './suppression.ts';
import type { RuleState, Tracked } from './tracked.ts';
import type { WarmUp } from './warm-up.ts';
import { isWatched, type Watches } from './watches.ts';

/** Rules and devices change under what is evaluated: it follows, and alarms that nothing watches any more are withdrawn. */
export interface Changes {
  /** One after the other. In turns: others work meanwhile, by the new rule. */
  ruleChanged(change: RuleChange): Promise<void>;
  /** It is new, another, or gone. */
  deviceChanged(device: DeviceId): void;
  withdraw(alarm: LiveAlarm, reason: string, actor?: Actor): void;
}

export interface ChangesPorts {
  readonly directory: Directory;
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly watches: Watches;
  readonly evaluator: SampleEvaluator;
  readonly suppression: Suppression;
  readonly warmUp: WarmUp;
  readonly known: KnownRules;
  readonly stateFor: (project: RuleChange['project'], rule: RuleState['rule']) => RuleState;
  /** Some had their turn: what changed is to be written. */
  readonly onTurn: (isLast: boolean) => void;
  readonly clock: () => number;
}

export function createChanges(ports: ChangesPorts): Changes {
  const { directory, book, keeper, watches, evaluator, suppression, warmUp, known, clock, onTurn } = ports;

  return {
    async ruleChanged(change) {
      const { project, id, after } = change;
      const state = after === null || after.runsAt === 'edge' ? null : ports.stateFor(project, after);
      // Its windows are filled before it is in force, so that no sample comes between.
      if (state !== null) await warmUp.fill(state);
      const before = watches.replace(project, id, state);
      await withdrawUnwatched(change, state);
      if (state !== null) await warmUp.adopt(state);
      await forgetAll(before?.tracked.values() ?? []);
      const ruled = known.of(project, id);
      if (ruled !== undefined) await suppression.ruleChanged(ruled, clock());
    },
    deviceChanged(id) {
      const entry = directory.device(id);
      if (entry !== undefined) watches.unbind(entry);
      for (const tracked of [...watches.ofDevice(id)]) if (!isWatched(tracked.state, tracked.subject, directory)) evaluator.forget(tracked);
      for (const alarm of [...book.ofDevice(id)]) {
        const { record } = alarm;
        const state = watches.project(record.project)?.states.get(record.rule);
        if (entry === undefined || entry.device.project !== record.project) withdraw(alarm, 'the device is deleted');
        else if (state !== undefined && !isWatched(state, record.subject, directory)) withdraw(alarm, 'the rule does not watch it any more');
        else suppression.refresh(alarm, clock());
      }
      refreshBehind(id);
      warmUp.deviceChanged(id);
      onTurn(true);
    },
    withdraw,
  };

  /** What stands behind a gateway is silenced with it. */
  function refreshBehind(id: DeviceId): void {
    for (const child of directory.children(id)) {
      for (const alarm of [...book.ofDevice(child)]) if (alarm.record.closedAt === null) suppression.refresh(alarm, clock());
      refreshBehind(child);
    }
  }

  async function withdrawUnwatched({ project, id, after, reason, actor }: RuleChange, state: RuleState | null): Promise<void> {
    const turns = createTurns();
    for (const alarm of [...book.ofRule(project, id)]) {
      const { record } = alarm;
      const stays = record.closedAt !== null || (state !== null ? isWatched(state, record.subject, directory) : after !== null && record.origin === 'edge');
      if (!stays) withdraw(alarm, state === null ? reason : 'the rule does not watch it any more', actor);
      if (!turns.isOver()) continue;
      onTurn(false);
      await turns.next();
    }
  }

  async function forgetAll(left: Iterable<Tracked>): Promise<void> {
    const turns = createTurns();
    for (const tracked of [...left]) {
      evaluator.forget(tracked);
      if (!turns.isOver()) continue;
      onTurn(false);
      await turns.next();
    }
  }

  function withdraw(alarm: LiveAlarm, reason: string, actor: Actor = 'hub'): void {
    const { record } = alarm;
    const state = watches.project(record.project)?.states.get(record.rule);
    const surroundings = state === undefined ? surroundingsFrom(record) : { ...surroundingsOf(state, record.subject, false), origin: record.origin };
    keeper.apply(surroundings, { kind: 'withdrawn', time: clock(), reason, actor });
  }
}
