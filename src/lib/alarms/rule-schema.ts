import { z } from 'zod';
import { isName, isPointPath, NAME_RULE, POINT_RULE } from '../domain/ids.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { CONDITION_KINDS } from './conditions/registry.ts';
import { durationAtLeast, durationMs, levelName } from './conditions/spec.ts';

const LIST_MAX = 100;
/** Days on which a calendar is not in force. */
const DAYS_MAX = 400;
const LABELS_MAX = 32;
const ACTIONS_MAX = 16;
const REPEATS_MAX = 100;

const name = z.string().refine(isName, `is no name: ${NAME_RULE}`);
const shortText = z.string().min(1).max(200);

const texts = textsUpTo(LIST_MAX);

/** One text, or a list of texts. */
function textsUpTo(max: number, text: z.ZodType<string, string> = shortText): z.ZodType<readonly string[], string | readonly string[]> {
  return z
    .union([text, z.array(text).max(max)], `is neither a text of 1 to 200 characters nor a list of at most ${max} of them`)
    .transform((given) => (typeof given === 'string' ? [given] : given));
}

/** With a * for any text: what is left must be a name or a path, or it never matches. */
const devicePattern = shortText.refine((pattern) => isName(pattern.replaceAll('*', 'x')), `is no id of a device: ${NAME_RULE}; * stands for any text`);
const pointPattern = shortText.refine((pattern) => isPointPath(pattern.replaceAll('*', 'x')), `is no path of a point: ${POINT_RULE}; * stands for any text`);
const pointPath = shortText.refine(isPointPath, `is no path of a point: ${POINT_RULE}`);

export const scopeSchema = z
  .strictObject({
    type: texts.optional().describe('Ids of device types.'),
    group: texts.optional().describe('Paths of groups, such as `paris`: a device whose label `group` is `paris/hall-2` is in it.'),
    labels: texts.optional().describe('`name=value`, or a name alone for any value; all must hold.'),
    device: textsUpTo(LIST_MAX, devicePattern).optional().describe('Ids of devices; * stands for any text.'),
    points: textsUpTo(LIST_MAX, pointPattern).optional().describe('Paths of points; * stands for any text. For conditions on one point.'),
  })
  .describe('Which devices and points the rule watches: every part that is given must match. Without it, all devices.');

const action = z
  .strictObject({
    on: z.enum(['raised', 'cleared']),
    device: name.optional().describe('Another device than that of the alarm.'),
    set: z.strictObject({ point: pointPath, value: z.json() }).optional(),
    call: z.strictObject({ name: shortText, args: z.json().optional() }).optional(),
  })
  .refine(({ set, call }) => (set === undefined) !== (call === undefined), 'needs one of `set` and `call`');

const labels = z.record(name, z.string().max(200)).refine((given) => Object.keys(given).length <= LABELS_MAX, `has more than ${LABELS_MAX} entries`);

const severities = z.record(levelName, z.enum(SEVERITIES));

export const calendarSchema = z.strictObject({
  timezone: shortText.describe('An IANA name, such as Europe/Paris.'),
  active: texts.optional().describe('Spans of the week, such as `mon-fri 08:00-18:00`. Without them, the whole week.'),
  except: textsUpTo(DAYS_MAX).optional().describe('Days it is not in force, such as 2026-12-25.'),
});

/** A specification of each kind, of which one is given. */
const when = z
  .strictObject(Object.fromEntries(CONDITION_KINDS.map(({ name: kind, schema, summary }) => [kind, schema.optional().describe(summary)])))
  .describe('The condition: exactly one of these.');

/** The document of a rule. What stands in `when` is checked by its kind. */
const ruleSchema = z.strictObject({
  id: name,
  description: z.string().max(500).optional(),
  enabled: z.boolean().optional(),
  scope: scopeSchema.optional(),
  when,
  onDelay: durationAtLeast(0).optional().describe('So long the condition must hold before the alarm is raised.'),
  offDelay: durationAtLeast(0).optional().describe('So long the condition must be over before the alarm is cleared.'),
  repeat: z
    .strictObject({ times: z.int().min(1).max(REPEATS_MAX), within: durationMs })
    .optional()
    .describe(
      'So many samples within the window must be beyond the condition before the alarm is raised; of what time alone finds, such as a silence, so many beginnings.',
    ),
  severities: severities.optional().describe('Of the levels whose names are no severities.'),
  message: z.string().min(1).optional().describe('Text with expressions in it.'),
  labels: labels.optional(),
  latch: z.boolean().optional().describe('The alarm stands until somebody resets it.'),
  requiresAck: z.boolean().optional(),
  reAlarm: durationMs.optional().describe('Tell again after so long without an acknowledgement.'),
  calendar: calendarSchema.optional().describe('Outside of it the alarm is suppressed.'),
  suppressedBy: z
    .array(z.strictObject({ rule: name, of: z.enum(['parent', 'device']).default('parent') }))
    .max(LIST_MAX)
    .optional()
    .describe('While the alarm of that rule on the parent of the device, or on the device itself, is active, this one is suppressed.'),
  actions: z.array(action).max(ACTIONS_MAX).optional(),
  runsAt: z.enum(['hub', 'edge']).optional(),
  late: z.enum(['historical', 'ignore']).optional(),
});

/** The same, but for `when`, whose kind is looked at on its own so that all problems are found at once. */
export const ruleEnvelopeSchema = ruleSchema.extend({ when: z.unknown().optional() });
