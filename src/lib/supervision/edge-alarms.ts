import type { AlarmInput } from '../alarms/state/transition.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import type { AlarmBook } from './alarm-book.ts';
import type { AlarmKeeper, Surroundings } from './alarm-keeper.ts';
import type { KnownRules } from './known-rules.ts';
import type { Ledger } from './ledger.ts';

/** What a gateway found goes the way of what the hub finds: suppressed, told, and on disk before it resolves. null: nothing changes, and there is no record. */
export function createEdgeAlarms(ports: {
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly ledger: Ledger;
  readonly known: KnownRules;
}): (surroundings: Omit<Surroundings, 'origin' | 'historical'>, input: AlarmInput) => Promise<AlarmRecord | null> {
  const { book, keeper, ledger, known } = ports;

  return async (surroundings, input) => {
    const { project, rule, subject } = surroundings;
    const whole = { ...surroundings, origin: 'edge', historical: false } as const;
    const ruled = known.of(project, rule.id);
    if (input.kind === 'level' && input.level !== null && book.of(project, rule.id, subject) === undefined && ruled !== undefined)
      keeper.hide(whole, ruled, input.time);
    const record = keeper.apply(whole, input);
    await ledger.commit();
    // A record that is closed with it is in no book any more.
    return record ?? book.of(project, rule.id, subject)?.record ?? null;
  };
}
