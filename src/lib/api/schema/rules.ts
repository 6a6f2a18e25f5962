import { z } from 'zod';
import { ALARM_ORIGINS } from '../../domain/alarm.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { EDGE_REPORT } from '../../supervision/edge-report-schema.ts';
import { PageQuery, Text, Time, Value } from './common.ts';

/** A document as its author wrote it: docs/operate/rules.md, and `POST /rules/check` says what is wrong with it. */
export const RuleDocument = z.record(z.string(), z.unknown()).meta({ id: 'RuleDocument', description: 'a rule as YAML or JSON writes it' });

export const RuleProblem = z
  .object({ path: z.string().describe('where in the document, as `when.bands.0.high`; empty: the whole'), message: z.string() })
  .meta({ id: 'RuleProblem' });

const RULE_STATES = ['in-force', 'disabled', 'unreadable'] as const;

export const Level = z.object({ name: z.string(), severity: z.enum(SEVERITIES) }).meta({ id: 'Level' });

export const Rule = z
  .object({
    id: z.string(),
    project: z.string(),
    version: z.number().int().describe('grows with each change of the document'),
    state: z.enum(RULE_STATES).describe('unreadable: of another release of Muster; it is kept and not in force'),
    enabled: z.boolean(),
    kind: z.string().nullable().describe('of its condition: bands, noData, ...; null: it cannot be read'),
    levels: z.array(Level).describe('least bad first'),
    runsAt: z.enum(ALARM_ORIGINS).nullable(),
    description: z.string().nullable(),
    document: RuleDocument,
    createdAt: Time.describe('when this version was made'),
    createdBy: z.string(),
    problems: z.array(RuleProblem).describe('why it cannot be read'),
  })
  .meta({ id: 'Rule' });

/** One that is looked at, with what it watches now. */
export const RuleShown = Rule.extend({ watches: z.number().int().nullable().describe('how many points, devices or groups; null: an older version') }).meta({
  id: 'RuleShown',
});

export const RuleQuery = PageQuery.extend({
  state: z.enum(RULE_STATES).optional(),
  kind: z.string().max(100).optional(),
});
export const RuleVersionQuery = z.object({ version: z.coerce.number().int().min(1).optional().describe('an older version; absent: the one in force') });
export const RuleUpdateQuery = z.object({
  version: z.coerce.number().int().min(1).optional().describe('refused with `conflict` unless the rule has this version; absent: whichever it has'),
});

export const RuleSubject = z
  .object({ subject: z.string(), device: z.string().nullable(), point: z.string().nullable(), group: z.string().nullable() })
  .meta({ id: 'RuleSubject' });

export const RuleCheck = z
  .object({
    valid: z.boolean(),
    problems: z.array(RuleProblem),
    notes: z.array(z.string()).describe('what is allowed and perhaps not meant'),
    id: z.string().nullable(),
    version: z.number().int().nullable().describe('of the rule with this id that there is; null: there is none'),
    changed: z.boolean().describe('it says something else than the rule that there is'),
    watches: z.number().int().nullable().describe('how many points, devices or groups it would watch'),
    words: z.array(z.string()).describe('what it says, in sentences'),
  })
  .meta({ id: 'RuleCheck' });

export const RuleExplained = z
  .object({
    id: z.string(),
    version: z.number().int(),
    state: z.enum(RULE_STATES),
    words: z.array(z.string()).describe('what it says, in sentences'),
    watches: z.number().int(),
    examples: z.array(z.string()).describe('the first of what it watches'),
    alarms: z.object({ live: z.number().int(), active: z.number().int(), unacked: z.number().int() }),
    problems: z.array(RuleProblem),
  })
  .meta({ id: 'RuleExplained' });

/** One part of a scope beside what a device or point has. */
export const ScopePart = z
  .object({
    part: z.enum(['type', 'group', 'labels', 'device', 'points']),
    wanted: z.array(z.string()),
    is: z.string().nullable().describe('what the device or point has; null: nothing'),
    holds: z.boolean(),
  })
  .meta({ id: 'ScopePart' });

export const RuleStanding = z
  .object({
    subject: z.string(),
    device: z.string().nullable(),
    point: z.string().nullable(),
    group: z.string().nullable(),
    value: Value.nullable().describe('the newest; null: none, or not of one point'),
    valueTime: Time.nullable(),
    level: Level.nullable().describe('confirmed; null: normal'),
    pending: z
      .object({ level: Level.nullable(), since: Time, dueAt: Time.nullable().describe('null: it waits for samples') })
      .nullable()
      .describe('what waits for a delay or for repeats'),
    explanation: z.string(),
    alarm: z.object({ id: z.string(), state: z.string(), raisedAt: Time.nullable(), suppressedBy: z.array(z.string()) }).nullable(),
  })
  .meta({ id: 'RuleStanding' });

export const DeviceRule = z
  .object({
    rule: z.string(),
    version: z.number().int(),
    state: z.enum(RULE_STATES),
    kind: z.string().nullable(),
    runsAt: z.enum(ALARM_ORIGINS).nullable(),
    holds: z.boolean().describe('it watches this device or point'),
    why: z.string().describe('in one sentence'),
    scope: z.array(ScopePart),
    standing: z.array(RuleStanding),
  })
  .meta({ id: 'DeviceRule' });
export const DeviceRulesQuery = z.object({
  point: z.string().max(200).optional(),
  rule: z.string().max(128).optional().describe('only this one'),
});
export const DeviceRules = z.object({
  device: z.string(),
  point: z.string().nullable(),
  rules: z.array(DeviceRule),
  complete: z.boolean().describe('false: there are more standings than are shown'),
});

/** What a gateway evaluates itself. */
export const EdgeRules = z
  .object({
    version: z.string().describe('changes whenever anything below does; the ETag'),
    rules: z.array(
      z.object({
        id: z.string(),
        version: z.number().int(),
        document: RuleDocument,
        devices: z.array(z.string()).describe('which of this device and those behind it are in its scope; its points are in the document'),
      }),
    ),
  })
  .meta({ id: 'EdgeRules' });

/** What a gateway says of an alarm: the body of POST /devices/{id}/alarms, and of the topic `devices/<device>/alarm`. */
export const EdgeReport = EDGE_REPORT.meta({ id: 'EdgeReport' });

export const EdgeReported = z
  .object({
    alarm: z.string().nullable().describe('id of the alarm that it became, changed or repeats; null: back to normal, and it was never anything else'),
    state: z.string(),
    level: z.string().nullable().describe('null: normal'),
    origin: z.enum(ALARM_ORIGINS),
  })
  .meta({ id: 'EdgeReported' });

export const Maintenance = z
  .object({
    id: z.string(),
    project: z.string(),
    state: z.enum(['announced', 'now', 'over']),
    scope: z.record(z.string(), z.unknown()).describe('as of a rule; empty: every device of the project'),
    from: Time,
    to: Time.describe('exclusive'),
    reason: z.string(),
    createdAt: Time,
    createdBy: z.string(),
  })
  .meta({ id: 'Maintenance' });
export const MaintenanceCreate = z.object({
  scope: z.record(z.string(), z.unknown()).default({}),
  from: Time.optional().describe('absent: now'),
  to: Time.describe('exclusive'),
  reason: Text(500).default(''),
});

export type Rule = z.infer<typeof Rule>;
export type RuleShown = z.infer<typeof RuleShown>;
export type RuleDocument = z.infer<typeof RuleDocument>;
export type RuleProblem = z.infer<typeof RuleProblem>;
export type RuleQuery = z.input<typeof RuleQuery>;
export type RuleSubject = z.infer<typeof RuleSubject>;
export type RuleCheck = z.infer<typeof RuleCheck>;
export type RuleExplained = z.infer<typeof RuleExplained>;
export type ScopePart = z.infer<typeof ScopePart>;
export type RuleStanding = z.infer<typeof RuleStanding>;
export type DeviceRule = z.infer<typeof DeviceRule>;
export type DeviceRulesQuery = z.input<typeof DeviceRulesQuery>;
export type DeviceRules = z.infer<typeof DeviceRules>;
export type EdgeRules = z.infer<typeof EdgeRules>;
export type EdgeReported = z.infer<typeof EdgeReported>;
export type EdgeReport = z.infer<typeof EdgeReport>;
export type Maintenance = z.infer<typeof Maintenance>;
export type MaintenanceCreate = z.input<typeof MaintenanceCreate>;
