import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { transition } from '../../../../src/lib/alarms/state/apply-input.ts';
import { blankRecord } from '../../../../src/lib/alarms/state/blank-record.ts';
import { isNormal, isSilenced, nextDueAt } from '../../../../src/lib/alarms/state/facts.ts';
import type { AlarmInput, EventDraft, Transition } from '../../../../src/lib/alarms/state/transition.ts';
import type { AlarmRecord } from '../../../../src/lib/domain/alarm.ts';
import { severityRank } from '../../../../src/lib/domain/severity.ts';
import { inputs, type RuleOptions, ruleOptions, surroundings } from './alarm-inputs.ts';

interface Step {
  readonly input: AlarmInput;
  readonly before: AlarmRecord | null;
  readonly done: Transition | null;
}

/** `restart`: the record goes to disk and back before the step of this index. */
function run(sequence: readonly AlarmInput[], options: RuleOptions & { historical?: boolean }, restart = -1): Step[] {
  const around = surroundings(options);
  let record: AlarmRecord | null = null;
  return sequence.map((input, index) => {
    if (index === restart) record = JSON.parse(JSON.stringify(record)) as AlarmRecord | null;
    const before = record;
    const done = transition(before, input, around);
    if (done !== null) record = done.record;
    return { input, before, done };
  });
}

const live = (record: AlarmRecord | null): AlarmRecord | null => (record?.closedAt === null ? record : null);
const count = (done: Transition | null, kind: EventDraft['kind']): number => (done?.events ?? []).filter((event) => event.kind === kind).length;
const property = (check: (steps: Step[], options: RuleOptions) => void, runs = 1500): void =>
  fc.assert(
    fc.property(inputs, ruleOptions, (sequence, options) => check(run(sequence, options), options)),
    { numRuns: runs },
  );

describe('whatever happens to an alarm', () => {
  test('the condition of the record is the last level that was given', () => {
    property((steps) => {
      let expected: string | null = null;
      for (const { input, before, done } of steps) {
        if (input.kind === 'level') expected = input.level?.name ?? null;
        if (input.kind === 'withdrawn') expected = null;
        const after = live(done?.record ?? before);
        expect(after?.active ?? false).toBe(expected !== null);
        if (expected !== null) expect(after?.level).toBe(expected);
      }
    });
  });

  test('each raise, change and return to normal is journalled once, and nothing else is', () => {
    property((steps) => {
      for (const { input, before, done } of steps) {
        const was = live(before);
        const isActive = was?.active === true;
        const found = input.kind === 'level' ? input.level : undefined;
        const same = was?.level === found?.name && was?.severity === found?.severity;
        expect(count(done, 'alarm.raised')).toBe(found && !isActive ? 1 : 0);
        expect(count(done, 'alarm.changed')).toBe(found && isActive && !same ? 1 : 0);
        expect(count(done, 'alarm.cleared')).toBe(isActive && (found === null || input.kind === 'withdrawn') ? 1 : 0);
      }
    });
  });

  test('each fact that changes has exactly one event of its kind, and each event a change', () => {
    property((steps) => {
      for (const { input, before, done } of steps) {
        if (done === null) continue;
        const was = live(before);
        const is = done.record;
        const isWithdrawn = input.kind === 'withdrawn';
        const expectOne = (kind: EventDraft['kind'], changed: boolean): void => expect([kind, count(done, kind)]).toEqual([kind, changed ? 1 : 0]);
        const shelvedWas = `${was?.shelvedUntil ?? null} ${was?.shelvedOnce ?? false}`;
        const shelvedIs = `${is.shelvedUntil} ${is.shelvedOnce}`;
        expectOne('alarm.shelved', is.shelvedUntil !== null && shelvedWas !== shelvedIs);
        expectOne('alarm.unshelved', !isWithdrawn && (was?.shelvedUntil ?? null) !== null && is.shelvedUntil === null);
        expectOne('alarm.out-of-service', is.outOfService && was?.outOfService !== true);
        expectOne('alarm.in-service', !isWithdrawn && !is.outOfService && was?.outOfService === true);
        expectOne('alarm.suppressed', is.suppressedBy.length > (was?.suppressedBy.length ?? 0));
        expectOne('alarm.unsuppressed', !isWithdrawn && is.suppressedBy.length < (was?.suppressedBy.length ?? 0));
        expectOne('alarm.acked', !isWithdrawn && is.acked && was?.acked === false);
        expectOne('alarm.reset', !isWithdrawn && was?.latched === true && !is.latched && !is.active);
        expectOne('alarm.closed', before?.closedAt !== is.closedAt && is.closedAt !== null && (before?.closedAt ?? null) === null);
        expectOne('alarm.assigned', is.assignee !== ((was ?? (input.kind === 'action' ? before : null))?.assignee ?? null));
        expectOne('alarm.commented', input.kind === 'action' && input.action.kind === 'comment');
        expectOne('alarm.repeated', input.kind === 'time' && was?.reAlarmAt != null && is.reAlarmAt !== was.reAlarmAt);
        expect(done.events.length).toBeGreaterThan(0);
      }
    });
  });

  test('the facts agree with one another', () => {
    property((steps, options) => {
      for (const { before, done } of steps) {
        if (done === null) continue;
        const { record } = done;
        expect(record.closedAt !== null).toBe(isNormal(record));
        if (record.active) {
          expect(record.latched).toBe(false);
          expect(record.clearedAt).toBeNull();
          expect(record.raisedAt).not.toBeNull();
          expect(record.level).not.toBeNull();
          expect(record.severity).not.toBeNull();
        }
        if (record.latched) expect(options.latch).toBe(true);
        if (!options.requiresAck) expect(record.acked).toBe(true);
        if (record.shelvedUntil === null) expect(record.shelvedOnce).toBe(false);
        expect(new Set(record.suppressedBy).size).toBe(record.suppressedBy.length);
        expect(record.raisedCount > 0).toBe(record.raisedAt !== null);
        if (record.notifiedSeverity !== null && !record.active) expect(isSilenced(record)).toBe(true);
        const tellsAgain = options.reAlarmMs !== null && record.active && !record.acked && !isSilenced(record);
        expect(record.reAlarmAt !== null).toBe(tellsAgain);
        const previous = before !== null && before.id === record.id ? before.updatedAt : record.createdAt;
        expect(record.updatedAt).toBeGreaterThanOrEqual(previous);
        let time = previous;
        for (const event of done.events) {
          expect(event.time).toBeGreaterThanOrEqual(time);
          time = event.time;
        }
        expect(record.updatedAt).toBe(time);
      }
    });
  });

  test('people are told of it when it is not silenced, and never of what they know', () => {
    property((steps) => {
      // What a person knows who gets each message: the worst severity of an alarm that holds, or nothing.
      let known: AlarmRecord['severity'] = null;
      for (const { before, done } of steps) {
        if (done === null) continue;
        const { record, notify } = done;
        if (live(before) !== null && count(done, 'alarm.raised') > 0) known = null;
        if (notify !== null) {
          expect(isSilenced(record)).toBe(false);
          expect(done.events[notify.event]).toBeDefined();
          if (notify.cause === 'raised') expect([known, record.active]).toEqual([null, true]);
          if (notify.cause === 'worse') expect(known !== null && record.severity !== null && severityRank(record.severity) < severityRank(known)).toBe(true);
          if (notify.cause === 'repeated') expect([known === null, record.active]).toEqual([false, true]);
          if (notify.cause === 'cleared') expect([known === null, record.active]).toEqual([false, false]);
          known = notify.cause === 'cleared' ? null : notify.cause === 'repeated' ? known : record.severity;
        }
        // Whatever is not silenced, they know.
        if (!isSilenced(record)) {
          expect(known === null).toBe(!record.active);
          if (record.severity !== null && known !== null) expect(severityRank(known)).toBeLessThanOrEqual(severityRank(record.severity));
        }
        if (record.closedAt !== null) known = null;
      }
    });
  });

  test('what has to be acknowledged was told, and what is told as new has to be', () => {
    property((steps, options) => {
      for (const { before, done } of steps) {
        if (done === null) continue;
        const cause = done.notify?.cause;
        const isNew = cause === 'raised' || cause === 'worse';
        if (isNew) expect(done.record.acked).toBe(!options.requiresAck);
        if (!isNew && (live(before)?.acked ?? true)) expect(done.record.acked).toBe(true);
      }
    });
  });

  test('the journal replayed gives the record', () => {
    property((steps, options) => {
      let replayed: AlarmRecord | null = null;
      for (const { before, done } of steps) {
        if (done === null) continue;
        if (before === null || before.id !== done.record.id) {
          replayed = { ...blankRecord(surroundings(options), done.record.createdAt), id: done.record.id };
        }
        for (const event of done.events) {
          const { before: was, after: is } = event.details as unknown as { before: Partial<AlarmRecord>; after: Partial<AlarmRecord> };
          expect(replayed).toMatchObject(was);
          replayed = { ...(replayed as AlarmRecord), ...is, updatedAt: event.time };
        }
        expect(replayed).toEqual(done.record);
      }
    });
  });

  test('a record that went to disk and back at any point goes on as if it had not', () => {
    fc.assert(
      fc.property(inputs, ruleOptions, fc.nat({ max: 40 }), (sequence, options, restart) => {
        expect(run(sequence, options, restart)).toEqual(run(sequence, options));
      }),
      { numRuns: 800 },
    );
  });

  test('a clock that asks when nothing is due changes nothing', () => {
    property((steps, options) => {
      for (const { done } of steps) {
        if (done === null) continue;
        const due = nextDueAt(done.record);
        const asked = Math.min(due - 1, done.record.updatedAt + 10_000);
        if (asked >= done.record.updatedAt) expect(transition(done.record, { kind: 'time', time: asked }, surroundings(options))).toBeNull();
        if (Number.isFinite(due))
          expect(transition(done.record, { kind: 'time', time: Math.max(due, done.record.updatedAt) }, surroundings(options))).not.toBeNull();
      }
    });
  });

  test('of what late data show nobody is told, and it is closed as soon as it is over', () => {
    fc.assert(
      fc.property(inputs, ruleOptions, (sequence, options) => {
        const levels = sequence.filter((input) => input.kind === 'level');
        for (const { done } of run(levels, { ...options, historical: true })) {
          if (done === null) continue;
          expect(done.notify).toBeNull();
          expect(done.actions).toBeNull();
          expect(done.record.closedAt === null).toBe(done.record.active);
        }
      }),
      { numRuns: 500 },
    );
  });
});
