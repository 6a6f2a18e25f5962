import { z } from 'zod';
import { finite, LEVELS_MAX, levelName } from '../spec.ts';

export const deadbandSchema = z
  .union(
    [z.number().min(0), z.string().regex(/^\d{1,3}(?:\.\d{1,6})?%$/, 'is neither a number nor a percentage such as 5%')],
    'is neither a number from 0 up nor a percentage such as 5%',
  )
  .describe('How far it must come back over the limit to leave the level: a number, or in percent of the limit.');

const limit = z
  .strictObject({
    level: levelName,
    high: finite.optional().describe('The level holds from this figure up.'),
    low: finite.optional().describe('The level holds below this figure.'),
    deadband: deadbandSchema.optional(),
  })
  .refine(({ high, low }) => high !== undefined || low !== undefined, 'needs a limit: `high` or `low`');

/** Limits and the levels that hold beyond them. */
export const limitsSchema = z.array(limit).min(1).max(LEVELS_MAX);
