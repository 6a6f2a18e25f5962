import { z } from 'zod';
import type { ConditionKind } from '../condition.ts';
import { compileLimits } from '../limits/edges.ts';
import { deadbandSchema } from '../limits/limit-schema.ts';
import { durationMs, HISTORY_SAMPLES_MAX, LEVELS_MAX, levelName, refuse, singleOrList } from '../spec.ts';
import { createAnomaly } from './anomaly.ts';
import { createOwnHistory, SLICES } from './own-history.ts';
import { createSiblings, isSiblings, type Siblings } from './siblings.ts';

const MIN_SAMPLES_OWN = 30;
const MIN_SAMPLES_SIBLINGS = 5;

const deviations = z.number().positive().max(1e6);
const level = z.strictObject({ level: levelName, deviations });
const schema = z.strictObject({
  against: z
    .enum(['own', 'siblings'])
    .default('own')
    .describe('`own`: the history of the same point. `siblings`: the newest values of the same point on the other devices of the rule.'),
  window: durationMs.describe('So far back the history reaches; values of siblings that are older do not count.'),
  direction: z.enum(['both', 'above', 'below']).default('both').describe('On which side of the median it is bad.'),
  deviations: deviations.optional().describe('The level holds from so many deviations from the median.'),
  level: levelName.optional(),
  levels: z.array(level).min(1).max(LEVELS_MAX).optional().describe('Several numbers of deviations, each with its level.'),
  deadband: deadbandSchema.optional(),
  minSamples: z
    .int()
    .min(3)
    .max(SLICES)
    .optional()
    .describe(`Fewer values to compare with say nothing: ${MIN_SAMPLES_OWN} of its own, or of ${MIN_SAMPLES_SIBLINGS} siblings, unless given.`),
  differenceMin: z
    .number()
    .min(0)
    .default(0)
    .describe('A smaller difference from the median is never bad, in the unit of the point: for values that hardly ever change.'),
});

export const anomalyDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'anomaly',
  summary: 'The value of a point is far from what it usually is, or from what its siblings say.',
  schema,
  example: { against: 'own', window: '24h', deviations: 6, level: 'warning', differenceMin: 0.5 },
  compile({ against, window, direction, deviations: from, level: one, levels: several, deadband, minSamples, differenceMin }, context) {
    const single = from !== undefined && one !== undefined ? [{ level: one, deviations: from }] : undefined;
    if ((several === undefined) === (single === undefined) || (several !== undefined && (from ?? one) !== undefined)) {
      refuse([{ path: '', message: 'needs either `deviations` and `level`, or `levels`' }]);
    }
    const limits = (several ?? single ?? []).map((each) => ({ level: each.level, high: each.deviations, deadband }));
    const { levels, edges } = compileLimits(limits, context, { at: singleOrList(several), nameOf: () => 'deviations' });
    const options = { direction, differenceMin, edges };
    const common = { kind: 'anomaly', subject: 'point', points: [], levels } as const;
    if (against === 'own') {
      return {
        ...common,
        history: { samples: HISTORY_SAMPLES_MAX, durationMs: window },
        start: () => createAnomaly({ ...options, minSamples: minSamples ?? MIN_SAMPLES_OWN }, createOwnHistory(window)),
      };
    }
    return {
      ...common,
      history: { samples: 1, durationMs: window },
      share: () => createSiblings(window),
      start(subject, shared) {
        const siblings: Siblings = isSiblings(shared) ? shared : createSiblings(window);
        return createAnomaly({ ...options, minSamples: minSamples ?? MIN_SAMPLES_SIBLINGS }, siblings.ofPoint(subject?.device ?? '', subject?.point ?? ''));
      },
    };
  },
};
