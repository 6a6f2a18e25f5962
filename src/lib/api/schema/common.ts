import { z } from 'zod';
import { isName, isPointPath, NAME_RULE, POINT_RULE } from '../../domain/ids.ts';
import { isRetention, RETENTION_RULE } from '../../domain/retention.ts';

export const Name = z.string().refine(isName, `must be ${NAME_RULE}`).meta({ id: 'Name', description: NAME_RULE });
export const PointPathText = z.string().refine(isPointPath, `must be ${POINT_RULE}`).meta({ id: 'PointPath', description: POINT_RULE });
export const Time = z.number().int().meta({ id: 'Time', description: 'ms since 1970-01-01T00:00:00Z' });
export const RetentionText = z
  .string()
  .refine(isRetention, `must be ${RETENTION_RULE}`)
  .meta({ id: 'Retention', description: `how long samples are kept: ${RETENTION_RULE}` });
export const Value = z.unknown().meta({ id: 'Value', description: 'number, boolean, string or any JSON value' });
export const Text = (max: number) => z.string().max(max);

/** A cursor holds the names of a device and a point, each letter of which may take six of its own. */
export const Cursor = z.string().max(2_000);
/** A query parameter that may be given more than once. */
export const Repeated = <Item extends z.ZodType<string>>(item: Item) => z.union([item, z.array(item).max(1_000)]);
/** Each is tried on every point that could be meant. */
const PATTERNS_MAX = 50;
/** Which devices are meant, beside their names and labels. */
export const ChosenDevices = {
  group: Repeated(z.string()).optional().describe('of devices in one of these groups, or below it'),
  selector: z.string().max(4000).optional().describe('of devices that a selector means: site=paris,type=meter'),
};

export const PointPatterns = Repeated(z.string()).refine(
  (points) => typeof points === 'string' || points.filter((point) => point.includes('*')).length <= PATTERNS_MAX,
  `at most ${PATTERNS_MAX} of them may hold a *`,
);

/** Query of every list: pages by cursor. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
  cursor: Cursor.optional(),
});

export const pageOf = <Schema extends z.ZodType>(item: Schema) =>
  z.object({ items: z.array(item), cursor: z.string().nullable().describe('pass it as ?cursor= for the next page; null at the end') });

/** RFC 9457. `code` is the catalogue's. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    hint: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
