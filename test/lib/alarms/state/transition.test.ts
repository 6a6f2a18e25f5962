import { describe, expect, test } from 'vitest';
import type { OperatorAction } from '../../../../src/lib/alarms/operator-action.ts';
import { transition } from '../../../../src/lib/alarms/state/apply-input.ts';
import { displayState } from '../../../../src/lib/alarms/state/display-state.ts';
import { nextDueAt } from '../../../../src/lib/alarms/state/facts.ts';
import { refusal } from '../../../../src/lib/alarms/state/refusal.ts';
import type { AlarmInput, AlarmSurroundings, Transition } from '../../../../src/lib/alarms/state/transition.ts';
import type { AlarmRecord } from '../../../../src/lib/domain/alarm.ts';
import type { Level } from '../../../../src/lib/domain/severity.ts';
import { level, surroundings } from './alarm-inputs.ts';

const HI: Level = { name: 'hi', severity: 'minor' };
const HIHI: Level = { name: 'hihi', severity: 'critical' };

/** One alarm, driven by inputs; `at` is its clock. */
function alarm(around: AlarmSurroundings = surroundings()) {
  let record: AlarmRecord | null = null;
  const give = (input: AlarmInput): Transition | null => {
    const done = transition(record, input, around);
    if (done !== null) record = done.record;
    return done;
  };
  return {
    give,
    level: (time: number, found: Level | null) => give(level(time, found)),
    act: (time: number, action: OperatorAction) => give({ kind: 'action', time, action, actor: 'user:anna' }),
    time: (time: number) => give({ kind: 'time', time }),
    suppression: (time: number, by: string, on: boolean) => give({ kind: 'suppression', time, by, on }),
    get record(): AlarmRecord {
      if (record === null) throw new Error('no record yet');
      return record;
    },
  };
}

const kinds = (done: Transition | null): string[] => (done?.events ?? []).map((event) => event.kind);
const told = (done: Transition | null): [string, string | undefined] | null =>
  done === null || done.notify === null ? null : [done.notify.cause, done.events[done.notify.event]?.kind];
const ACK: OperatorAction = { kind: 'ack', comment: null };
const shelve = (until: number, once = false): OperatorAction => ({ kind: 'shelve', until, once, comment: null });

describe('the life of an alarm', () => {
  test('raised, acknowledged, back to normal: closed', () => {
    const one = alarm();
    const raised = one.level(1000, HI);
    expect(kinds(raised)).toEqual(['alarm.raised']);
    expect(told(raised)).toEqual(['raised', 'alarm.raised']);
    expect(raised?.actions).toBe('raised');
    expect(one.record).toMatchObject({ active: true, acked: false, level: 'hi', severity: 'minor', raisedAt: 1000, raisedCount: 1, closedAt: null });
    expect(displayState(one.record)).toBe('unacknowledged');

    expect(kinds(one.act(2000, ACK))).toEqual(['alarm.acked']);
    expect(one.record).toMatchObject({ acked: true, ackedAt: 2000, ackedBy: 'user:anna' });
    expect(displayState(one.record)).toBe('acknowledged');

    const cleared = one.level(3000, null);
    expect(kinds(cleared)).toEqual(['alarm.cleared', 'alarm.closed']);
    expect(told(cleared)).toEqual(['cleared', 'alarm.cleared']);
    expect(cleared?.actions).toBe('cleared');
    expect(one.record).toMatchObject({ active: false, clearedAt: 3000, closedAt: 3000, message: 'b1: 92.4 °C' });
  });

  test('back to normal before anybody took note: it stays until somebody does', () => {
    const one = alarm();
    one.level(1000, HI);
    expect(kinds(one.level(2000, null))).toEqual(['alarm.cleared']);
    expect(displayState(one.record)).toBe('returned-unacknowledged');
    const acked = one.act(3000, ACK);
    expect(kinds(acked)).toEqual(['alarm.acked', 'alarm.closed']);
    expect(told(acked)).toBeNull();
    expect(one.record.closedAt).toBe(3000);
  });

  test('without a need to acknowledge it closes when it clears', () => {
    const one = alarm(surroundings({ requiresAck: false }));
    one.level(1000, HI);
    expect(one.record.acked).toBe(true);
    expect(kinds(one.level(2000, null))).toEqual(['alarm.cleared', 'alarm.closed']);
  });

  test('raised again before it is closed: the same record, told again, to be acknowledged again', () => {
    const one = alarm();
    one.level(1000, HI);
    one.level(2000, null);
    const again = one.level(3000, HI);
    expect(told(again)).toEqual(['raised', 'alarm.raised']);
    expect(one.record).toMatchObject({ id: 'alarm-1', raisedCount: 2, acked: false, raisedAt: 3000, clearedAt: null });
  });

  test('raised after it is closed: a new record', () => {
    const one = alarm();
    one.level(1000, HI);
    one.act(1500, ACK);
    one.level(2000, null);
    one.level(3000, HI);
    expect(one.record).toMatchObject({ id: 'alarm-2', raisedCount: 1, createdAt: 3000, ackedAt: null });
  });

  test('normal stays normal without a record', () => {
    const around = surroundings();
    expect(transition(null, level(1000, null), around)).toBeNull();
    expect(transition(null, { kind: 'time', time: 1000 }, around)).toBeNull();
    expect(transition(null, { kind: 'withdrawn', time: 1000, reason: 'x', actor: 'hub' }, around)).toBeNull();
    expect(transition(null, { kind: 'suppression', time: 1000, by: 'calendar', on: false }, around)).toBeNull();
  });

  test('a time before the last change is taken for that time', () => {
    const one = alarm();
    one.level(5000, HI);
    one.act(4000, ACK);
    expect(one.record).toMatchObject({ ackedAt: 5000, updatedAt: 5000 });
  });
});

describe('levels', () => {
  test('worse is told again and has to be acknowledged again', () => {
    const one = alarm();
    one.level(1000, HI);
    one.act(1500, ACK);
    const worse = one.level(2000, HIHI);
    expect(kinds(worse)).toEqual(['alarm.changed']);
    expect(told(worse)).toEqual(['worse', 'alarm.changed']);
    expect(one.record).toMatchObject({ level: 'hihi', severity: 'critical', acked: false, ackedBy: null, raisedAt: 1000, raisedCount: 1 });
  });

  test('better is journalled and not told, nor is worse again up to what was told since the raise', () => {
    const one = alarm();
    one.level(1000, HIHI);
    one.act(1500, ACK);
    const better = one.level(2000, HI);
    expect(kinds(better)).toEqual(['alarm.changed']);
    expect(told(better)).toBeNull();
    const worse = one.level(3000, HIHI);
    expect(told(worse)).toBeNull();
    expect(one.record.acked).toBe(true);
    // A new raise begins anew.
    one.level(4000, null);
    expect(told(one.level(5000, HI))).toEqual(['raised', 'alarm.raised']);
  });

  test('the same level again changes nothing', () => {
    const one = alarm();
    one.level(1000, HI);
    expect(one.level(2000, HI)).toBeNull();
  });

  test('another level of the same severity is journalled and not told', () => {
    const one = alarm();
    one.level(1000, HI);
    const other = one.level(2000, { name: 'lo', severity: 'minor' });
    expect(kinds(other)).toEqual(['alarm.changed']);
    expect(told(other)).toBeNull();
  });
});

describe('a latch', () => {
  test('holds until it is reset, which is refused while the condition holds', () => {
    const one = alarm(surroundings({ latch: true }));
    one.level(1000, HI);
    expect(refusal(one.record, { kind: 'reset' }, 1100)?.code).toBe('conflict');
    expect(one.act(1100, { kind: 'reset' })).toBeNull();
    one.level(2000, null);
    expect(displayState(one.record)).toBe('latched-unacknowledged');
    one.act(2100, ACK);
    expect(displayState(one.record)).toBe('latched-acknowledged');
    expect(kinds(one.act(2200, { kind: 'reset' }))).toEqual(['alarm.reset', 'alarm.closed']);
  });

  test('reset before it is acknowledged leaves it to be acknowledged', () => {
    const one = alarm(surroundings({ latch: true }));
    one.level(1000, HI);
    one.level(2000, null);
    expect(kinds(one.act(2100, { kind: 'reset' }))).toEqual(['alarm.reset']);
    expect(displayState(one.record)).toBe('returned-unacknowledged');
  });

  test('that is raised again is simply active', () => {
    const one = alarm(surroundings({ latch: true }));
    one.level(1000, HI);
    one.level(2000, null);
    one.level(3000, HI);
    expect(one.record).toMatchObject({ active: true, latched: false });
  });
});

describe('shelving', () => {
  test('keeps a raise from people; its end tells them, once', () => {
    const one = alarm();
    expect(kinds(one.act(1000, shelve(5000)))).toEqual(['alarm.shelved']);
    expect(nextDueAt(one.record)).toBe(5000);
    const raised = one.level(2000, HI);
    expect(kinds(raised)).toEqual(['alarm.raised']);
    expect(told(raised)).toBeNull();
    expect(raised?.actions).toBe('raised');
    expect(displayState(one.record)).toBe('shelved');
    expect(one.time(4999)).toBeNull();
    const ended = one.time(5003);
    expect(kinds(ended)).toEqual(['alarm.unshelved']);
    expect(ended?.events[0]?.time).toBe(5000);
    expect(told(ended)).toEqual(['raised', 'alarm.unshelved']);
    expect(one.record.acked).toBe(false);
    expect(one.time(6000)).toBeNull();
  });

  test('what was told before is told again when it is unshelved and still holds', () => {
    const one = alarm();
    one.level(1000, HI);
    one.act(1500, ACK);
    one.act(2000, shelve(90_000));
    expect(told(one.act(3000, { kind: 'unshelve' }))).toEqual(['repeated', 'alarm.unshelved']);
    expect(one.record.acked).toBe(true);
  });

  test('what came and went meanwhile is nobody’s matter: it closes at the end without an acknowledgement', () => {
    const one = alarm();
    one.act(1000, shelve(5000));
    one.level(2000, HI);
    expect(told(one.level(3000, null))).toBeNull();
    const ended = one.time(5000);
    expect(kinds(ended)).toEqual(['alarm.unshelved', 'alarm.closed']);
    expect(told(ended)).toBeNull();
  });

  test('one-shot ends with the return to normal, and tells it to those who heard of the raise', () => {
    const one = alarm();
    one.level(1000, HI);
    one.act(1500, ACK);
    one.act(2000, shelve(90_000, true));
    const cleared = one.level(3000, null);
    expect(kinds(cleared)).toEqual(['alarm.cleared', 'alarm.unshelved', 'alarm.closed']);
    expect(told(cleared)).toEqual(['cleared', 'alarm.cleared']);
  });

  test('one-shot ends with its time at the latest', () => {
    const one = alarm();
    one.level(1000, HI);
    one.act(2000, shelve(4000, true));
    expect(kinds(one.time(4000))).toEqual(['alarm.unshelved']);
    expect(one.record).toMatchObject({ shelvedUntil: null, shelvedOnce: false });
  });

  test('into the past is refused', () => {
    expect(refusal(null, shelve(1000), 1000)?.code).toBe('invalid');
  });
});

describe('suppression and being out of service', () => {
  test('each reason stands for itself; the end of the last one tells what still holds', () => {
    const one = alarm();
    one.suppression(1000, 'calendar', true);
    one.suppression(1100, 'alarm:gateway', true);
    expect(one.suppression(1200, 'calendar', true)).toBeNull();
    const raised = one.level(2000, HI);
    expect(told(raised)).toBeNull();
    expect(raised?.actions).toBeNull();
    expect(told(one.suppression(3000, 'calendar', false))).toBeNull();
    const ended = one.suppression(4000, 'alarm:gateway', false);
    expect(kinds(ended)).toEqual(['alarm.unsuppressed']);
    expect(told(ended)).toEqual(['raised', 'alarm.unsuppressed']);
  });

  test('what was told before is not told again when a suppression ends', () => {
    const one = alarm();
    one.level(1000, HI);
    one.suppression(2000, 'calendar', true);
    expect(told(one.suppression(3000, 'calendar', false))).toBeNull();
  });

  test('what was told, and cleared while suppressed, is told to be cleared when that ends', () => {
    const one = alarm();
    one.level(1000, HI);
    one.suppression(2000, 'calendar', true);
    expect(told(one.level(3000, null))).toBeNull();
    const ended = one.suppression(4000, 'calendar', false);
    expect(told(ended)).toEqual(['cleared', 'alarm.unsuppressed']);
    expect(ended?.events[0]?.details.notifiedSeverity).toBe('minor');
  });

  test('worse while suppressed is told as worse when that ends', () => {
    const one = alarm();
    one.level(1000, HI);
    one.suppression(2000, 'calendar', true);
    one.level(3000, HIHI);
    expect(told(one.suppression(4000, 'calendar', false))).toEqual(['worse', 'alarm.unsuppressed']);
  });

  test('an operator ends only what an operator began', () => {
    const one = alarm();
    one.suppression(1000, 'calendar', true);
    expect(refusal(one.record, { kind: 'unsuppress' }, 1100)?.code).toBe('conflict');
    one.act(1200, { kind: 'suppress', comment: 'known' });
    expect(one.record.suppressedBy).toEqual(['calendar', 'operator']);
    one.act(1300, { kind: 'unsuppress' });
    expect(one.record.suppressedBy).toEqual(['calendar']);
  });

  test('out of service is silent until it is back', () => {
    const one = alarm();
    one.act(1000, { kind: 'out-of-service', comment: 'pump removed' });
    expect(told(one.level(2000, HI))).toBeNull();
    expect(displayState(one.record)).toBe('out-of-service');
    expect(told(one.act(3000, { kind: 'in-service' }))).toEqual(['raised', 'alarm.in-service']);
  });
});

describe('telling again', () => {
  test('goes on until somebody acknowledges it', () => {
    const one = alarm(surroundings({ reAlarmMs: 1000 }));
    one.level(1000, HI);
    expect(nextDueAt(one.record)).toBe(2000);
    expect(one.time(1999)).toBeNull();
    expect(told(one.time(2000))).toEqual(['repeated', 'alarm.repeated']);
    expect(nextDueAt(one.record)).toBe(3000);
    one.act(2500, ACK);
    expect(nextDueAt(one.record)).toBe(Number.POSITIVE_INFINITY);
  });

  test('pauses while it is shelved, and ends when it clears', () => {
    const one = alarm(surroundings({ reAlarmMs: 1000 }));
    one.level(1000, HI);
    one.act(1500, shelve(9000));
    expect(nextDueAt(one.record)).toBe(9000);
    one.time(9000);
    expect(nextDueAt(one.record)).toBe(10_000);
    one.level(9500, null);
    expect(nextDueAt(one.record)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('notes', () => {
  test('a comment and an assignment are possible on a closed alarm, and do not wake it', () => {
    const one = alarm(surroundings({ requiresAck: false }));
    one.level(1000, HI);
    one.level(2000, null);
    const commented = one.act(3000, { kind: 'comment', comment: 'valve replaced' });
    expect(kinds(commented)).toEqual(['alarm.commented']);
    expect(commented?.events[0]).toMatchObject({ text: 'valve replaced', actor: 'user:anna', details: { comment: 'valve replaced' } });
    expect(kinds(one.act(3100, { kind: 'assign', assignee: 'ben' }))).toEqual(['alarm.assigned']);
    expect(one.record).toMatchObject({ closedAt: 2000, assignee: 'ben' });
    expect(one.act(3200, { kind: 'assign', assignee: 'ben' })).toBeNull();
    expect(refusal(one.record, shelve(9000), 3300)?.code).toBe('conflict');
  });
});

describe('a rule that is gone', () => {
  test('closes its alarm whatever its facts, and tells those who heard of it', () => {
    const one = alarm(surroundings({ latch: true }));
    one.level(1000, HI);
    const gone = one.give({ kind: 'withdrawn', time: 2000, reason: 'the rule was deleted', actor: 'user:ben' });
    expect(kinds(gone)).toEqual(['alarm.cleared', 'alarm.closed']);
    expect(gone?.events[1]).toMatchObject({ actor: 'user:ben', details: { reason: 'the rule was deleted' } });
    expect(told(gone)).toEqual(['cleared', 'alarm.cleared']);
    expect(gone?.actions).toBeNull();
    expect(one.record).toMatchObject({ acked: true, latched: false, ackedBy: null, closedAt: 2000 });
  });
});

describe('what late data show', () => {
  test('is recorded as history: nobody is told, nothing is done, nothing has to be acknowledged', () => {
    const one = alarm(surroundings({ historical: true, latch: true, reAlarmMs: 1000 }));
    const raised = one.level(1000, HIHI);
    expect(told(raised)).toBeNull();
    expect(raised?.actions).toBeNull();
    expect(raised?.events[0]?.details).toMatchObject({ historical: true });
    expect(kinds(one.level(2000, null))).toEqual(['alarm.cleared', 'alarm.closed']);
    expect(one.record).toMatchObject({ historical: true, raisedAt: 1000, closedAt: 2000 });
  });
});
