import { z } from 'zod';
import { isPointPath, POINT_RULE } from '../../../domain/ids.ts';
import { MusterError } from '../../../errors/muster-error.ts';
import type { ConditionKind } from '../condition.ts';
import { FailureLog } from '../failure-log.ts';
import { LEVELS_MAX, levelName, levelsOf, refuse } from '../spec.ts';
import { ScriptRun } from './script-run.ts';

const POINTS_MAX = 16;
const LAST_MAX = 1000;
const shared = {
  language: z.string().min(1).max(40).default('javascript'),
  source: z.string().min(1).max(65_536).describe('Defines function evaluate(input, state).'),
  points: z
    .record(z.string().regex(/^[A-Za-z]\w{0,39}$/), z.string().refine(isPointPath, `is no point: ${POINT_RULE}`))
    .refine((points) => Object.keys(points).length > 0 && Object.keys(points).length <= POINTS_MAX, `must have 1 to ${POINTS_MAX} points`)
    .optional()
    .describe('Points of a device by name. Without them the script is of each point alone that the scope names.'),
  last: z.int().min(1).max(LAST_MAX).default(1).describe('It is given so many of the newest values of each point.'),
};
const schema = z.union([
  z.strictObject({ ...shared, level: levelName }),
  z.strictObject({ ...shared, levels: z.array(levelName).min(1).max(LEVELS_MAX).describe('Those that it may find.') }),
]);

export const scriptDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'script',
  summary: 'A script finds the level, from the newest values of a point or of several points of a device.',
  schema,
  example: {
    points: { t: 'boiler/temperature', p: 'boiler/pressure' },
    last: 5,
    level: 'major',
    source: `function evaluate(input, state) {
  const hot = input.values.t > 80 && input.values.p < 2;
  const count = hot ? (state ?? 0) + 1 : 0;
  return { level: count >= 3 ? 'major' : null, text: 'hot ' + count + ' times', state: count };
}
`,
  },
  compile(spec, context) {
    const names = Object.keys(spec.points ?? {});
    const paths = Object.values(spec.points ?? {});
    const double = paths.findIndex((path, index) => paths.indexOf(path) !== index);
    if (double >= 0) refuse([{ path: `points.${names[double]}`, message: `is the same point as ${names[paths.indexOf(paths[double] ?? '')]}` }]);
    const given = 'levels' in spec ? spec.levels : [spec.level];
    const levels = levelsOf(given, context, (index) => ('levels' in spec ? `levels.${index}` : 'level'));
    const { scripts } = context;
    if (scripts === undefined) return refuse([{ path: 'source', message: 'scripts cannot run here' }]);
    const program = readProgram(() => scripts.compile(spec.language, spec.source));
    const failures = new FailureLog();
    const settings = { program, names, levels, last: spec.last, failures };
    return {
      kind: 'script',
      subject: names.length > 0 ? 'device' : 'point',
      points: paths,
      levels,
      history: { samples: spec.last, durationMs: Number.POSITIVE_INFINITY },
      failures,
      start: (subject) => new ScriptRun(settings, subject),
    };
  },
};

function readProgram<Program>(compile: () => Program): Program {
  try {
    return compile();
  } catch (error: unknown) {
    if (!(error instanceof MusterError)) throw error;
    return refuse([{ path: 'source', message: error.message }]);
  }
}
