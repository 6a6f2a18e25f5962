import { z } from 'zod';
import { isPointPath, POINT_RULE } from '../../../domain/ids.ts';
import { compileExpression, SOURCE_LENGTH_MAX } from '../../../expressions/compile-expression.ts';
import type { ExpressionSurroundings, ExpressionType } from '../../../expressions/expression.ts';
import type { ConditionKind } from '../condition.ts';
import { FailureLog } from '../failure-log.ts';
import { durationAtLeast, durationMs, LEVELS_MAX, levelName, levelsOf, refuse, type SpecProblem } from '../spec.ts';
import { DeviceJoint } from './device-joint.ts';
import { GroupJoint } from './group-joint.ts';
import { compileLevels, type LevelSource } from './joint-levels.ts';

const POINTS_MAX = 16;
const LAST_MAX = { device: 1000, group: 100 } as const;
/** Names that the expressions have besides those of the points. */
const RESERVED = ['id', 'last', 'times', 'time', 'values', 'devices', 'count'];
/** A group is computed at most so often, if the document does not say. */
const GROUP_EVERY_MS = 1000;

const expression = z.string().min(1).max(SOURCE_LENGTH_MAX);
const shared = {
  points: z
    .record(z.string(), z.string().refine(isPointPath, `is no point: ${POINT_RULE}`))
    .refine((points) => Object.keys(points).length > 0 && Object.keys(points).length <= POINTS_MAX, `must have 1 to ${POINTS_MAX} points`)
    .describe('The points that the expressions name: name and path.'),
  over: z.enum(['device', 'group']).default('device').describe('Each device alone, or each group of devices together.'),
  last: z.int().min(1).max(LAST_MAX.device).default(1).describe('So many of the newest values of each point are kept.'),
  maxAge: durationMs.optional().describe('An older value counts as missing. Without it, values of any age count.'),
  every: durationAtLeast(0).optional().describe('It is computed at most so often, by the time of the samples: a device with each sample, a group every 1s.'),
};
const schema = z.union([
  z.strictObject({ ...shared, if: expression, level: levelName }),
  z.strictObject({
    ...shared,
    levels: z
      .array(z.strictObject({ level: levelName, if: expression }))
      .min(1)
      .max(LEVELS_MAX),
  }),
]);

export const jointDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'joint',
  summary: 'An expression over several points of a device, or over the devices of a group, holds.',
  schema,
  example: {
    points: { t: 'boiler/temperature', p: 'boiler/pressure' },
    last: 10,
    levels: [
      { level: 'major', if: 't > 80 && avg(last.p) < 2' },
      { level: 'critical', if: 't > 95' },
    ],
  },
  compile(spec, context) {
    const names = Object.keys(spec.points);
    const paths = Object.values(spec.points);
    const problems: SpecProblem[] = names.flatMap((name) => {
      const problem = nameProblem(name);
      return problem === null ? [] : [{ path: `points.${name}`, message: problem }];
    });
    for (const [index, path] of paths.entries()) {
      if (paths.indexOf(path) !== index) problems.push({ path: `points.${names[index]}`, message: `is the same point as ${names[paths.indexOf(path)]}` });
    }
    if (spec.last > LAST_MAX[spec.over]) problems.push({ path: 'last', message: `is at most ${LAST_MAX[spec.over]} for a ${spec.over}` });
    if (problems.length > 0) refuse(problems);
    const sources: readonly LevelSource[] =
      'levels' in spec
        ? spec.levels.map((level, index) => ({ level: level.level, source: level.if, path: `levels.${index}.if` }))
        : [{ level: spec.level, source: spec.if, path: 'if' }];
    const levels = levelsOf(
      sources.map(({ level }) => level),
      context,
      (index) => ('levels' in spec ? `levels.${index}.level` : 'level'),
    );
    const failures = new FailureLog();
    const settings = {
      names,
      levels: compileLevels(sources, levels, spec.over === 'group' ? GROUP_SURROUNDINGS : deviceSurroundings(names)),
      last: spec.last,
      maxAgeMs: spec.maxAge ?? Number.POSITIVE_INFINITY,
      everyMs: spec.every ?? (spec.over === 'group' ? GROUP_EVERY_MS : 0),
      failures,
    };
    return {
      kind: 'joint',
      subject: spec.over,
      points: paths,
      levels,
      history: { samples: spec.last, durationMs: settings.maxAgeMs },
      failures,
      start: () => (spec.over === 'group' ? new GroupJoint(settings) : new DeviceJoint(settings)),
    };
  },
};

const GROUP_SURROUNDINGS: ExpressionSurroundings = { variables: { values: 'map', devices: 'list', count: 'number', time: 'number' } };

function deviceSurroundings(names: readonly string[]): ExpressionSurroundings {
  const own = names.map((name): readonly [string, ExpressionType] => [name, 'dyn']);
  return { variables: { ...Object.fromEntries(own), last: 'map', times: 'map', time: 'number' } };
}

function nameProblem(name: string): string | null {
  if (RESERVED.includes(name)) return `${name} means something else in expressions: choose another name`;
  const isName = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(name) && compileExpression(name, { variables: { [name]: 'dyn' } }).ok;
  return isName ? null : 'is no name for expressions: letters, digits and _, first a letter (at most 40), and no word of the language';
}
