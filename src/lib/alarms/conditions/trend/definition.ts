import { z } from 'zod';
import { formatAge } from '../../../domain/duration.ts';
import type { ConditionKind } from '../condition.ts';
import { compileLimits } from '../limits/edges.ts';
import { durationMs, finite, HISTORY_SAMPLES_MAX, LEVELS_MAX, levelName, refuse, singleOrList } from '../spec.ts';
import { createTrend } from './trend.ts';

const level = z.strictObject({ level: levelName, within: durationMs });
const schema = z.strictObject({
  method: z
    .enum(['line', 'holt'])
    .default('line')
    .describe('`line`: a straight line through the window (least squares). `holt`: double exponential smoothing, which follows a change of slope sooner.'),
  window: durationMs.describe('The past that counts.'),
  limit: finite,
  direction: z.enum(['below', 'above']).describe('On which side of the limit it is bad.'),
  within: durationMs.optional().describe('The level holds while the forecast reaches the limit before so long.'),
  level: levelName.optional(),
  levels: z.array(level).min(1).max(LEVELS_MAX).optional().describe('Several times, each with its level: the sooner, the worse.'),
  deadband: z
    .string()
    .regex(/^\d{1,3}(?:\.\d{1,6})?%$/, 'is no percentage such as 10%')
    .prefault('10%')
    .describe('The forecast must move so much further away to leave the level.'),
});

export const trendDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'trend',
  summary: 'The value of a point will reach a limit soon, if it goes on as it did.',
  schema,
  example: {
    window: '7d',
    limit: 3.2,
    direction: 'below',
    levels: [
      { level: 'warning', within: '10d' },
      { level: 'major', within: '2d' },
    ],
  },
  compile({ method, window, limit, direction, within, level: one, levels: several, deadband }, context) {
    const single = within !== undefined && one !== undefined ? [{ level: one, within }] : undefined;
    if ((several === undefined) === (single === undefined) || (several !== undefined && (within ?? one) !== undefined)) {
      refuse([{ path: '', message: 'needs either `within` and `level`, or `levels`' }]);
    }
    const limits = (several ?? single ?? []).map((each) => ({ level: each.level, low: each.within, deadband }));
    const { levels, edges } = compileLimits(limits, context, { at: singleOrList(several), nameOf: () => 'within', format: formatAge });
    return {
      kind: 'trend',
      subject: 'point',
      points: [],
      levels,
      history: { samples: HISTORY_SAMPLES_MAX, durationMs: window },
      start: () => createTrend({ method, windowMs: window, limit, direction, edges }),
    };
  },
};
