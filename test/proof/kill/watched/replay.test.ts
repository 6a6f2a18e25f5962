import { describe, expect, it } from 'vitest';
import { transition } from '../../../../src/lib/alarms/state/apply-input.ts';
import type { AlarmRecord } from '../../../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../../../src/lib/domain/event.ts';
import type { AlarmId, DeviceId, PointPath, ProjectId } from '../../../../src/lib/domain/ids.ts';
import { createFindings } from '../../findings.ts';
import { replay } from './replay.ts';
import { RULES } from './rules.ts';

const rule = RULES.find(({ document }) => document['id'] === 'fault')?.rule;
if (rule === undefined) throw new Error('there is no rule fault');
const DEVICE = 'calm-qos1';
const MODES = ['run', 'fault', 'run', 'stop', 'fault', 'run'] as const;
const READINGS = MODES.map((mode, index) => ({ time: 1_000 + index, level: 50, mode }));

/** The journal of a hub that does all of it right, one change for each reading but the first. */
function rightJournal(): HubEvent[] {
  if (rule === undefined) return [];
  const surroundings = {
    project: 'default' as ProjectId,
    rule,
    origin: 'hub',
    historical: false,
    subject: { device: DEVICE as DeviceId, point: 'mode' as PointPath, group: null },
  } as const;
  const levels = {
    run: null,
    fault: rule.condition.levels.find(({ name }) => name === 'major'),
    stop: rule.condition.levels.find(({ name }) => name === 'warning'),
  };
  const why = { run: '"run" is a normal state', fault: '"fault" is in "fault" (major)', stop: '"stop" is not in "fault", "run" (warning)' };
  const journal: HubEvent[] = [];
  let record: AlarmRecord | null = null;
  for (const { time, mode } of READINGS.slice(1)) {
    const level = levels[mode] ?? null;
    const explanation = why[mode];
    const done = transition(
      record,
      { kind: 'level', time, level, value: mode, explanation, message: rule.message ?? '' },
      { ...surroundings, newId: () => `alarm-${time}` as AlarmId },
    );
    if (done === null) continue;
    record = done.record;
    for (const draft of done.events)
      journal.push({
        ...draft,
        id: `${journal.length}`,
        project: 'default',
        recordedAt: 0,
        device: DEVICE,
        point: 'mode',
        alarm: record.id,
        rule: 'fault',
      } as unknown as HubEvent);
  }
  return journal;
}

function verdict(change: (journal: HubEvent[]) => HubEvent[]): readonly string[] {
  if (rule === undefined) return [];
  const findings = createFindings();
  replay(rule, DEVICE, READINGS, change(rightJournal()), findings);
  return findings.sentences();
}

describe('the judge of a journal of alarms', () => {
  it.each([
    ['a change that is lost', (journal: HubEvent[]) => journal.slice(0, 1), 'not in the journal'],
    ['a change that is doubled', (journal: HubEvent[]) => [...journal.slice(0, 1), ...journal], 'another event'],
    ['a change of nothing', (journal: HubEvent[]) => [{ ...journal[0], kind: 'alarm.acked', actor: 'user:anna' } as HubEvent, ...journal], 'changes nothing'],
    ['another time', (journal: HubEvent[]) => journal.map((event, index) => (index === 0 ? { ...event, time: event.time + 1 } : event)), 'time is'],
    [
      'other facts',
      (journal: HubEvent[]) => journal.map((event, index) => (index === 0 ? { ...event, details: { ...event.details, after: {} } } : event)),
      'details is',
    ],
  ])('finds %s', (_what, change, words) => {
    expect(verdict(change).join('\n')).toContain(words);
  });

  it('accepts what is right', () => {
    expect(verdict((journal) => journal)).toEqual([]);
  });
});
