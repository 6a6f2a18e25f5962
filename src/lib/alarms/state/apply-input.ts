import type { AlarmRecord } from '../../domain/alarm.ts';
import { actionChange, suppressed } from './action-change.ts';
import { blankRecord } from './blank-record.ts';
import { type Change, journalled, type Patch, patched } from './change.ts';
import { isNormal } from './facts.ts';
import { levelChanges } from './level-changes.ts';
import { type Notice, noticeOf } from './notice.ts';
import { refusal } from './refusal.ts';
import type { AlarmInput, AlarmSurroundings, Transition } from './transition.ts';

/** Everything at once: a rule that is gone has nothing left to shelve, latch or acknowledge. */
const ALL_NORMAL: Patch = { acked: true, latched: false, shelvedUntil: null, shelvedOnce: false, outOfService: false, suppressedBy: [] };

/**
 * What an input does to an alarm; null: nothing. Pure: the same record and input give the same transition. `record`: the live one, or a closed one that somebody
 * comments; null: none. A condition that begins to hold after the record was closed makes a new record. Times that are older than the record's last
 * change are taken for that time, so that a record never runs backwards.
 */
export function transition(record: AlarmRecord | null, input: AlarmInput, surroundings: AlarmSurroundings): Transition | null {
  const begins = record === null || (record.closedAt !== null && input.kind !== 'action');
  if (begins && !canBegin(input)) return null;
  if (input.kind === 'action' && refusal(record, input.action, input.time) !== null) return null;

  const from = begins ? blankRecord(surroundings, input.time) : record;
  const now = Math.max(input.time, from.updatedAt);
  const changes = changesOf(from, input, now, surroundings);
  if (changes.length === 0) return null;
  // A closed record is history: a comment on it tells nobody, and does not close it again.
  if (from.closedAt !== null) return { record: patched(from, changes), events: journalled(from, changes), notify: null, actions: null };

  const notice = noticeOf(patched(from, changes), changes, now, surroundings.rule);
  const told = changes.map((change, index) => (index === notice.event ? { ...change, ...notedIn(change, notice) } : change));
  const all = [...told, ...closing(patched(from, told))];
  return { record: patched(from, all), events: journalled(from, all), notify: notice.told, actions: dueActions(from, input, changes) };
}

/** Who heard of it at its worst has to hear of its end: after that, the record does not know it any more. */
function notedIn({ patch, details }: Change, notice: Notice): Pick<Change, 'patch' | 'details'> {
  const worst = notice.told?.cause === 'cleared' ? { notifiedSeverity: notice.notifiedSeverity } : {};
  return { patch: { ...patch, ...notice.patch }, details: { ...details, ...worst } };
}

/** What makes a record where there is none. */
function canBegin(input: AlarmInput): boolean {
  if (input.kind === 'level') return input.level !== null;
  if (input.kind === 'suppression') return input.on;
  return input.kind === 'action';
}

function changesOf(record: AlarmRecord, input: AlarmInput, now: number, surroundings: AlarmSurroundings): Change[] {
  switch (input.kind) {
    case 'level':
      return levelChanges(record, input, now, surroundings);
    case 'action':
      return [actionChange(record, input.action, now, input.actor)];
    case 'suppression':
      return record.suppressedBy.includes(input.by) === input.on ? [] : [suppressed(record, input.by, input.on, now, 'hub', null, input.until)];
    case 'time':
      return timeChanges(record, now);
    case 'withdrawn':
      return withdrawn(record, input, now);
  }
}

/** Not both at once: a shelved alarm is not told again. */
function timeChanges(record: AlarmRecord, now: number): Change[] {
  if (record.shelvedUntil !== null && record.shelvedUntil <= now) {
    const time = Math.max(record.shelvedUntil, record.updatedAt);
    return [
      { kind: 'alarm.unshelved', time, actor: 'hub', text: 'Unshelved: its time was over', details: {}, patch: { shelvedUntil: null, shelvedOnce: false } },
    ];
  }
  if (record.reAlarmAt === null || record.reAlarmAt > now) return [];
  return [{ kind: 'alarm.repeated', time: now, actor: 'hub', text: `Still not acknowledged: ${record.message || record.explanation}`, details: {}, patch: {} }];
}

function withdrawn(record: AlarmRecord, { reason, actor }: Extract<AlarmInput, { kind: 'withdrawn' }>, time: number): Change[] {
  const details = { reason };
  const closed: Change = { kind: 'alarm.closed', time, actor, text: `Withdrawn: ${reason}`, details, patch: { ...ALL_NORMAL, closedAt: time } };
  if (!record.active) return [closed];
  return [{ kind: 'alarm.cleared', time, actor, text: `Withdrawn: ${reason}`, details, patch: { active: false, clearedAt: time } }, closed];
}

function closing(record: AlarmRecord): Change[] {
  if (record.closedAt !== null || !isNormal(record)) return [];
  return [{ kind: 'alarm.closed', time: record.updatedAt, actor: 'hub', text: 'Closed', details: {}, patch: { closedAt: record.updatedAt } }];
}

/** Actions follow the condition, whoever hears of it; but not on what is out of service or suppressed, where people may be at work. */
function dueActions(before: AlarmRecord, input: AlarmInput, changes: readonly Change[]): Transition['actions'] {
  if (input.kind !== 'level' || before.historical || before.outOfService || before.suppressedBy.length > 0) return null;
  if (changes.some((change) => change.kind === 'alarm.raised')) return 'raised';
  return changes.some((change) => change.kind === 'alarm.cleared') ? 'cleared' : null;
}
