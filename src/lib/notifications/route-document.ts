import { z } from 'zod';
import { DURATION_RULE, readDuration } from '../domain/duration.ts';
import { GROUP_PARTS } from '../domain/group-parts.ts';
import { NOTIFY_CAUSES } from '../domain/notification.ts';
import { readSeverities, SEVERITY_RULE } from '../domain/severity.ts';

const Words = (max: number) => z.string().min(1).max(max);
const Several = <Item extends z.ZodType<string>>(item: Item) => z.union([item, z.array(item).min(1).max(100)]);
const SeverityWord = z
  .string()
  // In a query a space may be a +; in a document it is a mistake.
  .refine((text) => !text.endsWith(' ') && readSeverities(text) !== null, `must be one of ${SEVERITY_RULE}`);
const Duration = z
  .string()
  .max(50)
  .refine((text) => readDuration(text) !== null, `must be a duration ${DURATION_RULE}`);
const CALENDAR = {
  timezone: Words(100).describe('IANA name, such as Europe/Paris'),
  active: Several(Words(200)).optional().describe('such as mon-fri 22:00-06:00; without it the whole week'),
  except: Several(Words(20)).optional().describe('days, such as 2026-12-25'),
};

/** A route as it is written in YAML or JSON, without its id, its channels and whether it is enabled. */
export const RouteDocument = z.strictObject({
  description: z.string().max(1_000).optional(),
  match: z
    .strictObject({
      severity: Several(SeverityWord).optional().describe('major+ is major and all worse'),
      rule: Several(Words(200)).optional().describe('ids of rules; * stands for any text'),
      labels: Several(Words(300)).optional().describe('name=value or a bare name; each must hold for the alarm or its device'),
      type: Several(Words(200)).optional().describe('ids of device types'),
      group: Several(Words(300)).optional().describe('paths of groups; what is below belongs to them'),
      device: Several(Words(200)).optional().describe('ids of devices; * stands for any text'),
      cause: Several(z.enum(NOTIFY_CAUSES)).optional(),
    })
    .optional()
    .describe('which alarms; every part that is given must match'),
  cleared: z.boolean().optional().describe('tell of alarms that are over too (default true)'),
  groupBy: z
    .array(z.union([z.enum(GROUP_PARTS), z.string().regex(/^label:[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be label:NAME')]))
    .min(1)
    .max(10)
    .optional()
    .describe('changes with the same of all of these are told together'),
  groupWait: Duration.optional().describe('so long the first of a group waits for others (default 30s; 0s: it goes at once)'),
  groupInterval: Duration.optional().describe('between two notifications of a group (default 5m)'),
  quietHours: z
    .strictObject({ ...CALENDAR, exceptFor: Several(SeverityWord).optional().describe('what is told all the same, such as critical') })
    .optional()
    .describe('what comes then is told at their end, together'),
  schedule: z.strictObject(CALENDAR).optional().describe('the route is in force then alone'),
});
export type RouteDocument = z.infer<typeof RouteDocument>;

export function listOf<Item>(given: Item | readonly Item[] | undefined): readonly Item[] {
  return given === undefined ? [] : Array.isArray(given) ? given : [given as Item];
}
