import fc from 'fast-check';
import type { AlarmInput, AlarmSurroundings } from '../../../../src/lib/alarms/state/transition.ts';
import type { AlarmId, DeviceId, PointPath, ProjectId, RuleId } from '../../../../src/lib/domain/ids.ts';
import type { Level } from '../../../../src/lib/domain/severity.ts';

export const LEVELS: readonly Level[] = [
  { name: 'hi', severity: 'minor' },
  { name: 'lo', severity: 'minor' },
  { name: 'hihi', severity: 'critical' },
  { name: 'lolo', severity: 'major' },
];

export type RuleOptions = Pick<AlarmSurroundings['rule'], 'latch' | 'requiresAck' | 'reAlarmMs'>;

export function surroundings(options: Partial<RuleOptions> & { readonly historical?: boolean } = {}): AlarmSurroundings {
  const { historical = false, ...rule } = options;
  let made = 0;
  return {
    project: 'main' as ProjectId,
    subject: { device: 'b1' as DeviceId, point: 'boiler/temperature' as PointPath, group: null },
    origin: 'hub',
    historical,
    rule: { id: 'boiler-hot' as RuleId, version: 3, labels: { team: 'heating' }, latch: false, requiresAck: true, reAlarmMs: null, ...rule },
    newId: () => `alarm-${++made}` as AlarmId,
  };
}

export const level = (time: number, found: Level | null): AlarmInput => ({
  kind: 'level',
  time,
  level: found,
  value: 92.4,
  message: found === null ? 'b1: 70 °C' : 'b1: 92.4 °C',
  explanation: found === null ? '70 < 78' : '92.4 >= 90 (critical), leaves below 88',
});

export const ruleOptions: fc.Arbitrary<RuleOptions> = fc.record({
  latch: fc.boolean(),
  requiresAck: fc.boolean(),
  reAlarmMs: fc.constantFrom(null, 50, 1000),
});

const comment = fc.constantFrom(null, 'seen');
const action = (time: number): fc.Arbitrary<AlarmInput> =>
  fc
    .oneof(
      fc.record({ kind: fc.constant('ack' as const), comment }),
      fc.constant({ kind: 'comment' as const, comment: 'look at the pump' }),
      fc.record({ kind: fc.constant('assign' as const), assignee: fc.constantFrom(null, 'anna', 'ben') }),
      fc.record({ kind: fc.constant('shelve' as const), until: fc.integer({ min: time - 5, max: time + 300 }), once: fc.boolean(), comment }),
      fc.constant({ kind: 'unshelve' as const }),
      fc.constant({ kind: 'reset' as const }),
      fc.record({ kind: fc.constant('suppress' as const), comment }),
      fc.constant({ kind: 'unsuppress' as const }),
      fc.record({ kind: fc.constant('out-of-service' as const), comment }),
      fc.constant({ kind: 'in-service' as const }),
    )
    .map((done) => ({ kind: 'action' as const, time, action: done, actor: 'user:anna' }));

const inputAt = (time: number): fc.Arbitrary<AlarmInput> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...LEVELS, null).map((found) => level(time, found)) },
    { weight: 4, arbitrary: action(time) },
    { weight: 2, arbitrary: fc.constant<AlarmInput>({ kind: 'time', time }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('suppression' as const),
        time: fc.constant(time),
        by: fc.constantFrom('calendar', 'alarm:gateway'),
        on: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.constant<AlarmInput>({ kind: 'withdrawn', time, reason: 'the rule was deleted', actor: 'user:anna' }) },
  );

/** Mostly forwards in time, now and then backwards. */
export const inputs: fc.Arbitrary<readonly AlarmInput[]> = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 120 }) }, { weight: 1, arbitrary: fc.integer({ min: -200, max: 0 }) }), { maxLength: 40 })
  .chain((steps) => {
    let time = 1_000_000;
    return fc.tuple(
      ...steps.map((step) => {
        time += step;
        return inputAt(time);
      }),
    );
  });
