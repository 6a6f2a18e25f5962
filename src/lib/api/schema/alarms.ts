import { z } from 'zod';
import { DISPLAY_STATES } from '../../alarms/state/display-state.ts';
import { ALARM_ORIGINS } from '../../domain/alarm.ts';
import { EVENT_KINDS } from '../../domain/event.ts';
import { QUALITIES } from '../../domain/point.ts';
import { readSeverities, SEVERITIES, SEVERITY_RULE } from '../../domain/severity.ts';
import { PageQuery, PointPatterns, pageOf, Repeated, Text, Time, Value } from './common.ts';
import { TableExportQuery } from './table-export.ts';

export const SeverityText = z
  .string()
  .refine((text) => readSeverities(text) !== null, `must be ${SEVERITY_RULE}`)
  .meta({ id: 'SeverityText', description: SEVERITY_RULE });

/** The facts, and the state that is shown of them (docs/understand/alarm-states.md). */
export const Alarm = z
  .object({
    id: z.string(),
    rule: z.string(),
    ruleVersion: z.number().int().describe('of the rule that made the last change of its condition'),
    device: z.string().nullable().describe('null: of a group'),
    point: z.string().nullable().describe('null: of the device, or of a group'),
    group: z.string().nullable(),
    origin: z.enum(ALARM_ORIGINS).describe('where its condition was evaluated'),
    historical: z.boolean().describe('found in late data: it was never live'),
    state: z.enum(DISPLAY_STATES).describe('derived from the facts'),
    active: z.boolean().describe('the condition holds'),
    level: z.string().nullable(),
    severity: z.enum(SEVERITIES).nullable().describe('null: the condition never held'),
    acked: z.boolean(),
    latched: z.boolean().describe('the condition is over, and it waits for a reset'),
    shelvedUntil: Time.nullable(),
    shelvedOnce: z.boolean().describe('it is unshelved when it returns to normal'),
    outOfService: z.boolean(),
    suppressedBy: z
      .array(z.string())
      .describe('alarm:<id> of the parent, calendar, maintenance:<id>, device:<id> of a device in maintenance or a gateway out of service, operator'),
    raisedAt: Time.nullable(),
    clearedAt: Time.nullable(),
    raisedCount: z.number().int(),
    ackedAt: Time.nullable(),
    ackedBy: z.string().nullable(),
    assignee: z.string().nullable(),
    value: Value.describe('at the last change of the condition'),
    message: z.string(),
    explanation: z.string(),
    labels: z.record(z.string(), z.string()).describe('of its rule'),
    reAlarmAt: Time.nullable().describe('when it is told again unless it is acknowledged'),
    notifiedSeverity: z.enum(SEVERITIES).nullable().describe('the worst that was told since the last raise'),
    createdAt: Time,
    updatedAt: Time,
    closedAt: Time.nullable().describe('when all facts were normal again; null: it is live'),
  })
  .meta({ id: 'Alarm' });

const YesNo = z.enum(['true', 'false']);
const Names = Repeated(z.string().max(250));

/** Each narrows; several of one kind widen, but for labels, which must all hold. */
export const AlarmFilter = z.object({
  id: Names.optional().describe('whole, or its last letters, 6 or more'),
  closed: z.enum(['false', 'true', 'any']).default('false').describe('false: those that are live; true: the history'),
  state: Repeated(z.enum(DISPLAY_STATES)).optional(),
  active: YesNo.optional(),
  acked: YesNo.optional(),
  severity: Repeated(SeverityText).optional(),
  rule: Names.optional(),
  device: Names.optional().describe('ids, or aliases such as imei:490154203237518'),
  point: PointPatterns.optional(),
  label: Names.optional().describe('name=value, or a bare name for any value: of the alarm or of its device; all must hold'),
  type: Names.optional().describe('of the device'),
  group: Names.optional().describe('a group and all in it'),
  text: Text(200).optional().describe('in the message, explanation, rule, device or point; case does not matter'),
  assignee: Text(200).optional().describe('empty: assigned to nobody'),
  origin: z.enum(ALARM_ORIGINS).optional(),
  historical: z.enum(['false', 'true', 'any']).optional().describe('absent: no among those that are live, any among the closed'),
  from: z.coerce.number().int().optional().describe('raised at this time or later, ms since 1970'),
  to: z.coerce.number().int().optional().describe('raised before this time'),
});
export const AlarmQuery = AlarmFilter.extend(PageQuery.shape);
export const AlarmPage = pageOf(Alarm);
/** Live ones and the history, unless asked otherwise. */
export const AlarmExportQuery = AlarmFilter.extend({ closed: AlarmFilter.shape.closed.unwrap().default('any') }).extend(TableExportQuery.shape);
export const AlarmCount = z.object({ count: z.number().int() }).meta({ id: 'AlarmCount' });

const AlarmEvent = z
  .object({
    id: z.string(),
    time: Time,
    recordedAt: Time,
    kind: z.enum(EVENT_KINDS),
    actor: z.string(),
    severity: z.enum(SEVERITIES).nullable(),
    text: z.string(),
    details: z.record(z.string(), z.unknown()).describe('value, rule version, and the fields of the alarm that changed, before and after'),
  })
  .meta({ id: 'AlarmEvent' });

/** All that is needed to say why. */
export const AlarmDetail = z
  .object({
    alarm: Alarm,
    events: z.array(AlarmEvent).describe('what happened to it, oldest first; of a long life the newest'),
    eventsLeftOut: z.boolean().describe('there are older ones: GET /events?alarm=<id>'),
    device: z
      .object({
        id: z.string(),
        name: z.string().nullable(),
        type: z.string().nullable(),
        parent: z.string().nullable(),
        labels: z.record(z.string(), z.string()),
      })
      .nullable()
      .describe('null: of a group, or the device is gone'),
    rule: z
      .object({
        id: z.string(),
        version: z.number().int().describe('the one that raised it'),
        versionNow: z.number().int().nullable().describe('the newest; null: the rule is gone'),
        createdAt: Time,
        createdBy: z.string(),
        document: z.record(z.string(), z.unknown()),
        words: z.array(z.string()).describe('what it says, in sentences'),
      })
      .nullable()
      .describe('null: a rule of an edge that the hub does not know'),
    samples: z
      .array(
        z.object({
          point: z.string(),
          unit: z.string().nullable(),
          decimals: z.number().nullable(),
          items: z.array(z.object({ time: Time, value: Value, quality: z.enum(QUALITIES), late: z.boolean() })),
        }),
      )
      .describe('around the last raise, of the points that the rule looks at'),
  })
  .meta({ id: 'AlarmDetail' });

/** Whose alarms, and over which time. */
export const AlarmStatsQuery = AlarmFilter.omit({
  id: true,
  closed: true,
  state: true,
  active: true,
  acked: true,
  historical: true,
  text: true,
  assignee: true,
}).extend({
  operators: z.coerce.number().int().min(1).max(1000).default(1).describe('how many people watch at a time'),
});
const Subject = z.object({ rule: z.string(), device: z.string().nullable(), point: z.string().nullable(), group: z.string().nullable() });
export const AlarmStats = z
  .object({
    from: Time.describe('where the journal was read from; later than asked for when it has too many entries'),
    to: Time,
    complete: z.boolean().describe('false: the journal has too many entries to read them all'),
    operators: z.number().int(),
    standing: z
      .object({
        live: z.number().int(),
        active: z.number().int(),
        unacknowledged: z.number().int(),
        byState: z.record(z.string(), z.number().int()),
        bySeverity: z.record(z.string(), z.number().int()).describe('of those that are active'),
      })
      .describe('at this moment'),
    told: z.number().int().describe('raises that people were told of'),
    silenced: z.number().int().describe('raises while shelved, suppressed or out of service'),
    perOperatorHour: z.number(),
    averagePer10Min: z.number().describe('for each operator'),
    peakPer10Min: z.number().describe('for each operator'),
    floodShare: z.number().describe('of the time, 0 to 1'),
    floods: z.array(z.object({ from: Time, to: Time, count: z.number().int() })),
    topTenShare: z.number().describe('of the ten most frequent in all, 0 to 1'),
    talkers: z.array(Subject.extend({ count: z.number().int(), share: z.number() })),
    chattering: z.array(Subject.extend({ perMinute: z.number().int().describe('changes in the busiest minute'), raised: z.number().int() })),
    stale: z
      .array(Subject.extend({ id: z.string(), severity: z.enum(SEVERITIES).nullable(), raisedAt: Time }))
      .describe('active for more than 24 h, the oldest first; at most 100'),
    staleCount: z.number().int(),
    severities: z.array(
      z.object({ severity: z.enum(SEVERITIES), count: z.number().int(), share: z.number(), recommended: z.number().describe('by ISA-18.2 and EEMUA 191') }),
    ),
  })
  .meta({ id: 'AlarmStats' });

const Comment = Text(2000).nullable().default(null);
const Note = z.string().trim().min(1).max(2000);
export const OperatorActionBody = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('ack'), comment: Comment }),
    z.object({ kind: z.literal('comment'), comment: Note }),
    z.object({ kind: z.literal('assign'), assignee: z.string().trim().min(1).max(200).nullable().describe('null: to nobody') }),
    z.object({
      kind: z.literal('shelve'),
      forMs: z.number().int().min(1).optional().describe('so long from now; absent: as long as alarms.shelve-max-ms allows'),
      once: z.boolean().default(false).describe('at the latest until it returns to normal'),
      comment: Comment,
    }),
    z.object({ kind: z.literal('unshelve') }),
    z.object({ kind: z.literal('reset') }),
    z.object({ kind: z.literal('suppress'), comment: Comment }),
    z.object({ kind: z.literal('unsuppress') }),
    z.object({ kind: z.literal('out-of-service'), comment: Comment }),
    z.object({ kind: z.literal('in-service') }),
  ])
  .meta({ id: 'OperatorAction' });

/** Exactly one of `ids`, `filter` and `subject` says which alarms. */
export const AlarmActions = z.object({
  action: OperatorActionBody,
  ids: z.array(z.string().max(100)).max(10_000).optional(),
  filter: AlarmFilter.omit({ id: true, closed: true, historical: true }).optional().describe('live ones, as in the list'),
  subject: z
    .object({ rule: z.string().max(250), device: z.string().max(250), point: z.string().max(250).nullable().default(null) })
    .optional()
    .describe('to shelve, suppress or take out of service what is normal at the moment too'),
  dryRun: z.boolean().default(false).describe('say what would happen, and change nothing'),
});

const ACTION_OUTCOMES = ['done', 'unchanged', 'failed'] as const;
export const AlarmActionResult = z
  .object({
    id: z.string(),
    rule: z.string().nullable().describe('null: there is no such alarm'),
    device: z.string().nullable(),
    point: z.string().nullable(),
    group: z.string().nullable(),
    severity: z.enum(SEVERITIES).nullable(),
    state: z.enum(DISPLAY_STATES).nullable().describe('as it is then'),
    shelvedUntil: Time.nullable(),
    outcome: z.enum(ACTION_OUTCOMES).describe('unchanged: it was so already. In a dry run `done` says that it would be'),
    code: z.string().nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'AlarmActionResult' });
export const AlarmActionResults = z.object({
  dryRun: z.boolean(),
  done: z.number().int(),
  unchanged: z.number().int(),
  failed: z.number().int(),
  items: z.array(AlarmActionResult),
});

export type Alarm = z.infer<typeof Alarm>;
export type AlarmFilter = z.input<typeof AlarmFilter>;
export type AlarmQuery = z.input<typeof AlarmQuery>;
export type AlarmExportQuery = z.input<typeof AlarmExportQuery>;
export type AlarmDetail = z.infer<typeof AlarmDetail>;
export type AlarmStats = z.infer<typeof AlarmStats>;
export type AlarmStatsQuery = z.input<typeof AlarmStatsQuery>;
export type AlarmEvent = z.infer<typeof AlarmEvent>;
export type OperatorActionBody = z.input<typeof OperatorActionBody>;
export type AlarmActions = z.input<typeof AlarmActions>;
export type AlarmActionResult = z.infer<typeof AlarmActionResult>;
export type AlarmActionResults = z.infer<typeof AlarmActionResults>;
