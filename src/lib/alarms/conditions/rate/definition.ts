import { z } from 'zod';
import { formatDuration } from '../../../domain/duration.ts';
import type { ConditionKind } from '../condition.ts';
import { formatFigure } from '../figures.ts';
import { compileLimits } from '../limits/edges.ts';
import { limitsSchema } from '../limits/limit-schema.ts';
import { durationMs, HISTORY_SAMPLES_MAX } from '../spec.ts';
import { createRate, GAP_FACTOR } from './rate.ts';

const schema = z.strictObject({
  over: durationMs.describe('The change is taken from the newest sample that is at least so old.'),
  per: durationMs.prefault('1m').describe('The unit of time of the limits.'),
  levels: limitsSchema,
});

export const rateDefinition: ConditionKind<z.output<typeof schema>> = {
  name: 'rate',
  summary: 'The value of a point rises or falls faster than a limit.',
  schema,
  example: {
    over: '10m',
    per: '1m',
    levels: [
      { level: 'major', high: 5, deadband: 1 },
      { level: 'minor', low: -5, deadband: 1 },
    ],
  },
  compile({ over, per, levels: limits }, context) {
    const { levels, edges } = compileLimits(limits, context, { at: (path) => `levels.${path}` });
    const unit = `/${formatDuration(per)}`;
    const format = (figure: number): string => formatFigure(figure) + unit;
    return {
      kind: 'rate',
      subject: 'point',
      points: [],
      levels,
      history: { samples: HISTORY_SAMPLES_MAX, durationMs: GAP_FACTOR * over },
      start: () => createRate({ overMs: over, perMs: per, edges, format }),
    };
  },
};
