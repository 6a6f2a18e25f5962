import { uuidv7 } from 'uuidv7';
import { describe, expect, test } from 'vitest';
import { transition } from '../../../src/lib/alarms/state/apply-input.ts';
import type { AlarmSurroundings } from '../../../src/lib/alarms/state/transition.ts';
import type { AlarmRecord, AlarmSubject } from '../../../src/lib/domain/alarm.ts';
import type { AlarmId, DeviceId, ProjectId, RuleId } from '../../../src/lib/domain/ids.ts';
import { subjectKey } from '../../../src/lib/domain/subject-key.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { createEdgeReports } from '../../../src/lib/supervision/edge-reports.ts';
import { aDevice } from '../../helpers/fleet.ts';
import { aRuleDocument, completed, createTestRules } from '../../helpers/rules.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

const PROJECT = 'default' as ProjectId;
const DEVICE = 'boiler' as DeviceId;
const T0 = Date.UTC(2026, 5, 1, 10);
const MINUTE = 60_000;

/** Real rules, state machine and storage; of the engine, what keeps the live records. */
async function fresh() {
  const system = await startedSystemStore();
  const directory = new Directory();
  directory.putDevice(aDevice('boiler', { type: 'boiler' }));
  const { rules } = createTestRules(system, directory);
  const live = new Map<string, AlarmRecord>();
  const keyOf = (rule: RuleId, subject: AlarmSubject) => `${rule} ${subjectKey(subject)}`;
  let applied = 0;
  const start = () =>
    createEdgeReports({
      rules,
      directory,
      storage: system.alarming,
      earliestTime: Date.UTC(2000, 0, 1),
      futureMaxMs: 86_400_000,
      live: () => live.values(),
      liveOf: (_, rule, subject) => live.get(keyOf(rule, subject)) ?? null,
      async applyEdge(surroundings, input) {
        const key = keyOf(surroundings.rule.id, surroundings.subject);
        const whole: AlarmSurroundings = { ...surroundings, origin: 'edge', historical: false, newId: () => uuidv7() as AlarmId };
        const made = transition(live.get(key) ?? null, input, whole);
        if (made === null) return live.get(key) ?? null;
        applied += 1;
        const { record } = made;
        if (record.closedAt === null) live.set(key, record);
        else live.delete(key);
        const events = made.events.map(({ kind, time, actor, severity, text, details }) =>
          completed({ kind, time, actor, severity, text, details, project: PROJECT, device: DEVICE, point: null, alarm: record.id, rule: record.rule }),
        );
        await system.log.commit({ statements: [system.alarming.alarms.put([record]), system.alarming.events.insert(events)] });
        return record;
      },
    });
  return { system, rules, live, start, reported: start(), applied: () => applied };
}

async function withEdgeRule() {
  const hub = await fresh();
  await hub.rules.create(PROJECT, aRuleDocument('hot', { runsAt: 'edge', requiresAck: false, scope: { points: 'temperature' } }), 'user:anna');
  return hub;
}

const at = (minutes: number, level: string | null, more: object = {}) => ({ rule: 'hot', point: 'temperature', ts: T0 + minutes * MINUTE, level, ...more });

describe('an alarm that a gateway reports', () => {
  test('is raised with the time of the gateway and the facts of the rule, and keeps its origin', async () => {
    const { reported } = await withEdgeRule();
    const alarm = await reported(DEVICE, at(0, 'major', { value: 85, message: 'too hot', explanation: '85 >= 80' }), T0 + 5_000);
    expect(alarm).toMatchObject({ rule: 'hot', origin: 'edge', active: true, level: 'major', severity: 'major', raisedAt: T0, value: 85, message: 'too hot' });
    expect(alarm?.subject).toEqual({ device: 'boiler', point: 'temperature', group: null });
  });

  test('is changed by nothing that was said before, however often it is said: while it stands, and after it is closed', async () => {
    const { reported, applied, live } = await withEdgeRule();
    await reported(DEVICE, at(0, 'major'), T0);
    await reported(DEVICE, at(0, 'major'), T0 + 1);
    expect(applied()).toBe(1);
    const cleared = await reported(DEVICE, at(5, null), T0 + 5 * MINUTE);
    expect(cleared).toMatchObject({ active: false, clearedAt: T0 + 5 * MINUTE });
    expect(live.size).toBe(0);
    for (const again of [at(0, 'major'), at(5, null)]) expect(await reported(DEVICE, again, T0 + 6 * MINUTE)).toMatchObject({ id: cleared?.id, active: false });
    expect(applied()).toBe(2);
  });

  test('is known again after a restart, from the journal and the closed alarms', async () => {
    const { reported, start, applied } = await withEdgeRule();
    const first = await reported(DEVICE, at(0, 'major'), T0);
    await reported(DEVICE, at(5, null), T0 + 5 * MINUTE);
    const afterRestart = start();
    expect(await afterRestart(DEVICE, at(0, 'major'), T0 + 6 * MINUTE)).toMatchObject({ id: first?.id, active: false });
    expect(applied()).toBe(2);
    expect(await afterRestart(DEVICE, at(10, 'major'), T0 + 10 * MINUTE)).toMatchObject({ active: true, raisedAt: T0 + 10 * MINUTE });
  });

  test('is not changed by an older word: that is refused, and the newer one stands', async () => {
    const { reported } = await withEdgeRule();
    await reported(DEVICE, at(10, 'major'), T0 + 10 * MINUTE);
    await expect(reported(DEVICE, at(4, null), T0 + 11 * MINUTE)).rejects.toMatchObject({ code: 'conflict' });
    await reported(DEVICE, at(20, null), T0 + 20 * MINUTE);
    await expect(reported(DEVICE, at(15, 'major'), T0 + 21 * MINUTE)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('of several that come at once, in their order', async () => {
    const { reported, live } = await withEdgeRule();
    const all = await Promise.all([at(0, 'major'), at(1, null), at(2, 'major'), at(2, 'major')].map((report) => reported(DEVICE, report, T0 + 3 * MINUTE)));
    expect(all.map((alarm) => alarm?.active)).toEqual([true, false, true, true]);
    expect(all[2]?.id).not.toBe(all[0]?.id);
    expect(live.size).toBe(1);
  });

  test('of a rule that the hub evaluates is refused', async () => {
    const { reported, rules } = await fresh();
    await rules.create(PROJECT, aRuleDocument('hot'), 'user:anna');
    await expect(reported(DEVICE, at(0, 'major'), T0)).rejects.toMatchObject({ code: 'conflict', message: 'the hub evaluates the rule hot itself' });
  });

  test('of a rule that is disabled, or does not watch the device any more, is refused; that it is over is taken', async () => {
    const { reported, rules } = await withEdgeRule();
    await reported(DEVICE, at(0, 'major'), T0);
    await rules.update(
      PROJECT,
      'hot',
      aRuleDocument('hot', { runsAt: 'edge', requiresAck: false, scope: { type: 'pump', points: 'temperature' } }),
      null,
      'user:anna',
    );
    await expect(reported(DEVICE, at(1, 'major'), T0)).rejects.toMatchObject({ code: 'conflict', message: 'the rule hot does not watch boiler/temperature' });
    expect(await reported(DEVICE, at(2, null), T0)).toMatchObject({ active: false });
    await expect(reported(DEVICE, at(3, 'major'), T0)).rejects.toMatchObject({ code: 'conflict' });
    await rules.setEnabled(PROJECT, 'hot', false, 'user:anna');
    await expect(reported(DEVICE, at(4, 'major'), T0)).rejects.toMatchObject({ code: 'conflict', message: 'the rule hot is disabled' });
  });

  test('of a rule that the hub does not know says how bad it is', async () => {
    const { reported } = await fresh();
    await expect(reported(DEVICE, { rule: 'own', level: 'hihi' }, T0)).rejects.toMatchObject({ code: 'invalid', details: { field: 'severity' } });
    expect(await reported(DEVICE, { rule: 'own', level: 'hihi', severity: 'critical', ruleVersion: 7 }, T0)).toMatchObject({
      ...{ rule: 'own', ruleVersion: 7, level: 'hihi', severity: 'critical', raisedAt: T0, acked: false },
    });
    expect(await reported(DEVICE, { rule: 'plain', level: 'warning' }, T0)).toMatchObject({ level: 'warning', severity: 'warning' });
  });

  test('that is over and never was is nothing', async () => {
    const { reported, applied } = await withEdgeRule();
    expect(await reported(DEVICE, at(0, null), T0)).toBeNull();
    expect(applied()).toBe(0);
  });

  test('with a level, point or time that cannot be is refused', async () => {
    const { reported } = await withEdgeRule();
    await expect(reported(DEVICE, at(0, 'hihi'), T0)).rejects.toMatchObject({ code: 'invalid', details: { field: 'level' } });
    await expect(reported(DEVICE, { rule: 'hot', level: 'major' }, T0)).rejects.toMatchObject({ code: 'invalid', details: { field: 'point' } });
    await expect(reported(DEVICE, at(0, 'major', { ts: 5 }), T0)).rejects.toMatchObject({ code: 'invalid', details: { field: 'ts' } });
    await expect(reported(DEVICE, at(2 * 1440, 'major'), T0)).rejects.toMatchObject({ code: 'invalid', details: { field: 'ts' } });
    await expect(reported('nobody' as DeviceId, at(0, 'major'), T0)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('of rules that the hub does not know has a limit for each device', async () => {
    const { reported } = await fresh();
    for (let index = 0; index < 100; index += 1) await reported(DEVICE, { rule: `own-${index}`, level: 'minor' }, T0);
    await expect(reported(DEVICE, { rule: 'own-100', level: 'minor' }, T0)).rejects.toMatchObject({ code: 'limit_reached' });
    expect(await reported(DEVICE, { rule: 'own-1', level: 'major', ts: T0 + 1 }, T0 + 1)).toMatchObject({ level: 'major' });
  });
});
