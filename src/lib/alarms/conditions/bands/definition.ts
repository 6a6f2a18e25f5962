import { z } from 'zod';
import type { ConditionKind } from '../condition.ts';
import { finite, LEVELS_MAX, levelName, levelsOf, refuse } from '../spec.ts';
import { createBands } from './bands.ts';
import { type Band, edgesOf, findContradictions, orderByLimits } from './edges.ts';

const band = z
  .strictObject({
    level: levelName,
    high: finite.optional().describe('The level holds from this value up.'),
    low: finite.optional().describe('The level holds below this value.'),
    deadband: z
      .union([z.number().min(0), z.string().regex(/^\d{1,3}(?:\.\d{1,6})?%$/, 'is neither a number nor a percentage such as 5%')])
      .optional()
      .describe('How far a value must come back over the limit to leave the level: in the unit of the point, or in percent of the limit.'),
  })
  .refine(({ high, low }) => high !== undefined || low !== undefined, 'needs a limit: `high` or `low`');

export const bandsDefinition: ConditionKind<readonly Band[]> = {
  name: 'bands',
  summary: 'The value of a point is at or above a limit, or below one; several limits give several levels.',
  schema: z.array(band).min(1).max(LEVELS_MAX),
  example: [
    { level: 'minor', high: 80, deadband: 2 },
    { level: 'critical', high: 90, deadband: 2 },
    { level: 'warning', low: 5, deadband: '5%' },
  ],
  compile(bands, context) {
    const names = bands.map(({ level }) => level);
    const levels = orderByLimits(
      levelsOf(names, context, (index) => `${index}.level`),
      bands,
    );
    const edges = edgesOf(bands, levels);
    const problems = findContradictions(edges);
    if (problems.length > 0) refuse(problems);
    return {
      kind: 'bands',
      subject: 'point',
      points: [],
      levels,
      history: { samples: 1, durationMs: Number.POSITIVE_INFINITY },
      start: () => createBands(edges, levels),
    };
  },
};
