import type { AlarmRecord } from '../../domain/alarm.ts';
import type { Actor, EventKind } from '../../domain/event.ts';
import type { JsonValue } from '../../domain/value.ts';
import type { EventDraft } from './transition.ts';

/** Fields that an event shows as `before` and `after`: all that can change, but `updatedAt`, which is the event's time. */
type Changeable = Omit<AlarmRecord, 'id' | 'project' | 'rule' | 'subject' | 'origin' | 'historical' | 'createdAt' | 'updatedAt'>;
export type Patch = { readonly [Name in keyof Changeable]?: Changeable[Name] };

/** One change of a record, which becomes one event of the journal. */
export interface Change {
  readonly kind: EventKind;
  readonly time: number;
  readonly actor: Actor;
  readonly text: string;
  readonly details: { readonly [name: string]: JsonValue };
  readonly patch: Patch;
}

/** The record after these changes. */
export function patched(record: AlarmRecord, changes: readonly Change[]): AlarmRecord {
  let after = record;
  for (const change of changes) after = { ...after, ...change.patch, updatedAt: change.time };
  return after;
}

/** The journal's entries of these changes, in their order: `before` and `after` hold the fields that changed, so that the entries replayed give the record. */
export function journalled(record: AlarmRecord, changes: readonly Change[]): EventDraft[] {
  let before = record;
  return changes.map((change) => {
    const after = patched(before, [change]);
    const draft: EventDraft = {
      kind: change.kind,
      time: change.time,
      actor: change.actor,
      severity: after.severity,
      text: change.text,
      details: {
        ruleVersion: after.ruleVersion,
        value: after.value,
        ...(after.historical ? { historical: true } : {}),
        ...change.details,
        ...differences(before, after, Object.keys(change.patch)),
      },
    };
    before = after;
    return draft;
  });
}

function differences(before: AlarmRecord, after: AlarmRecord, names: readonly string[]): { before: JsonValue; after: JsonValue } {
  const was: Record<string, JsonValue> = {};
  const is: Record<string, JsonValue> = {};
  for (const name of names) {
    const [old, now] = [fieldOf(before, name), fieldOf(after, name)];
    if (old === now || JSON.stringify(old) === JSON.stringify(now)) continue;
    was[name] = old;
    is[name] = now;
  }
  return { before: was, after: is };
}

function fieldOf(record: AlarmRecord, name: string): JsonValue {
  return (record as unknown as Readonly<Record<string, JsonValue>>)[name] ?? null;
}
