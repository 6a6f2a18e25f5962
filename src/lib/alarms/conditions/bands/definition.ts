import type { ConditionKind } from '../condition.ts';
import { compileLimits, type Limit } from '../limits/edges.ts';
import { limitsSchema } from '../limits/limit-schema.ts';
import { createBands } from './bands.ts';

export const bandsDefinition: ConditionKind<readonly Limit[]> = {
  name: 'bands',
  summary: 'The value of a point is at or above a limit, or below one; several limits give several levels.',
  schema: limitsSchema,
  example: [
    { level: 'minor', high: 80, deadband: 2 },
    { level: 'critical', high: 90, deadband: 2 },
    { level: 'warning', low: 5, deadband: '5%' },
  ],
  compile(limits, context) {
    const { levels, edges } = compileLimits(limits, context, { at: (path) => path });
    return {
      kind: 'bands',
      subject: 'point',
      points: [],
      levels,
      history: { samples: 1, durationMs: Number.POSITIVE_INFINITY },
      start: () => createBands(edges),
    };
  },
};
