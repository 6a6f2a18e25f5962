import { z } from 'zod';
import { AGGREGATES, ROLLUP_AGGREGATES } from '../../domain/aggregate.ts';
import { GROUP_RULE, isGroupPath } from '../../domain/ids.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { Name, PageQuery, PointPathText, Repeated, Text, Time } from './common.ts';

const LABELS_MAX = 64;
const MEMBERS_MAX = 10_000;

export const GroupPathText = z.string().refine(isGroupPath, `must be ${GROUP_RULE}`).meta({ id: 'GroupPath', description: GROUP_RULE });
const Labels = z.record(Name, Text(200)).refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`);
const Selector = Text(4_000).describe('devices that fit are in the group besides, such as site=paris,type=meter');
const Attributes = z.record(z.string().max(200), z.json());

export const Group = z
  .object({
    path: z.string().describe('levels joined by /'),
    name: z.string(),
    level: z.string().nullable().describe('what kind of place it is: site, zone'),
    description: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    selector: z.string().nullable(),
    attributes: z.record(z.string(), z.unknown()),
    devices: z.number().int().describe('in it or below it, each once'),
    groups: z.number().int().describe('right below it'),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'Group' });

export const GroupCreate = z.object({
  path: GroupPathText.describe('what is above it is made too, when it is missing'),
  name: Text(200).min(1).optional().describe('absent: the last level of the path'),
  level: Text(100).nullable().optional(),
  description: Text(1_000).nullable().optional(),
  labels: Labels.default({}),
  selector: Selector.nullable().optional(),
  attributes: Attributes.optional(),
});
/** null clears. A label of null is removed, the others stay; attributes take the place of all. */
export const GroupUpdate = z.object({
  name: Text(200).min(1).optional(),
  level: Text(100).nullable().optional(),
  description: Text(1_000).nullable().optional(),
  labels: z.record(Name, Text(200).nullable()).optional(),
  selector: Selector.nullable().optional(),
  attributes: Attributes.optional(),
});

export const GroupQuery = PageQuery.extend({
  within: Text(500).optional().describe('this group and all below it; absent: all'),
  depth: z.coerce.number().int().min(0).max(16).optional().describe('levels below `within` (or the roots) at most; 0: it alone'),
  label: Repeated(z.string()).optional().describe('of the group: name=value, or a bare name'),
  level: Repeated(z.string()).optional(),
});

export const GroupReach = z.object({
  groups: z.number().int().describe('the group and all below it'),
  devices: z.number().int().describe('that were put into one of them'),
  byLabel: z.number().int().describe('that are in one of them by their label `group`, which is not changed'),
});
export const GroupMention = z
  .object({ kind: z.enum(['rule', 'route', 'maintenance', 'group', 'provisioning']), id: z.string(), group: z.string().describe('as it is written there') })
  .meta({ id: 'GroupMention' });
export const GroupMove = z.object({ from: Text(500), to: GroupPathText, dryRun: z.boolean().default(false) });
export const GroupMoved = GroupReach.extend({
  from: z.string(),
  to: z.string(),
  mentions: z.array(GroupMention).describe('who names the old path, and is not changed'),
});
export const GroupDeleteQuery = z.object({
  all: z.enum(['true', 'false']).default('false').describe('true: also when it is not empty, with all groups below it; the devices stay'),
  dryRun: z.enum(['true', 'false']).default('false'),
});
export const GroupDeleted = GroupReach.extend({ path: z.string(), mentions: z.array(GroupMention) });

export const GroupMembers = z
  .object({
    group: Text(500),
    action: z.enum(['add', 'remove']),
    devices: z.array(Text(200)).max(MEMBERS_MAX).optional().describe('ids or aliases; each is answered for itself'),
    selector: Text(4_000).optional().describe('all that fit, in the place of `devices`'),
    dryRun: z.boolean().default(false),
  })
  .refine(({ devices, selector }) => (devices === undefined) !== (selector === undefined), 'says either devices or a selector');
export const GroupMembersChanged = z.object({
  group: z.string(),
  changed: z.number().int(),
  unchanged: z.number().int(),
  failed: z.number().int(),
  devices: z
    .array(
      z.object({
        device: z.string(),
        outcome: z.enum(['changed', 'unchanged', 'failed']),
        code: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    )
    .describe('of those that were named; with a selector none'),
});

const RollupAggregate = z.enum(ROLLUP_AGGREGATES);

export const RollupQuery = PageQuery.extend({
  within: Text(500).optional().describe('this group and all below it; absent: all'),
  depth: z.coerce.number().int().min(0).max(16).optional().describe('levels below `within` (or the roots) at most; 0: it alone'),
  point: Repeated(PointPathText).optional().describe('a point of the devices; repeats'),
  aggregate: RollupAggregate.default('avg'),
  maxAgeMs: z.coerce.number().int().min(1).optional().describe('values that are older do not count; absent: any age'),
});
export const Rollup = z
  .object({
    path: z.string(),
    name: z.string(),
    level: z.string().nullable(),
    groups: z.number().int().describe('right below it'),
    devices: z.number().int().describe('in it or below it, each once'),
    online: z.number().int(),
    alarms: z
      .object({ ...(Object.fromEntries(SEVERITIES.map((severity) => [severity, z.number().int()])) as Record<(typeof SEVERITIES)[number], z.ZodInt>) })
      .describe('active, neither shelved nor suppressed, of its devices and of the groups themselves'),
    values: z.array(
      z.object({
        point: z.string(),
        value: z.number().nullable().describe('null: no device has a number there'),
        devices: z.number().int().describe('whose newest value counts'),
        unit: z.string().nullable().describe('null: none, or not the same everywhere'),
      }),
    ),
  })
  .meta({ id: 'Rollup' });

export const GroupTrendQuery = z.object({
  group: Text(500),
  point: PointPathText,
  from: z.coerce.number().int(),
  to: z.coerce.number().int().describe('exclusive'),
  everyMs: z.coerce.number().int().min(1).optional().describe('bucket width; absent: one bucket'),
  originMs: z.coerce.number().int().optional().describe('buckets begin at whole multiples of their width from here, ms since 1970; absent: 0'),
  within: z.enum(AGGREGATES).default('avg').describe("what one device's samples of a bucket become first"),
  aggregate: RollupAggregate.default('avg').describe('what the devices of a bucket become then'),
});
export const GroupTrend = z.object({
  group: z.string(),
  point: z.string(),
  unit: z.string().nullable().describe('null: none, or not the same everywhere'),
  items: z.array(
    z.object({
      time: Time.describe('start of the bucket'),
      value: z.number().nullable(),
      devices: z.number().int().describe('that have samples in it'),
      count: z.number().int().describe('their samples'),
    }),
  ),
});

export type Group = z.infer<typeof Group>;
export type GroupCreate = z.input<typeof GroupCreate>;
export type GroupUpdate = z.input<typeof GroupUpdate>;
export type GroupQuery = z.input<typeof GroupQuery>;
export type GroupMention = z.infer<typeof GroupMention>;
export type GroupMove = z.input<typeof GroupMove>;
export type GroupMoved = z.infer<typeof GroupMoved>;
export type GroupDeleted = z.infer<typeof GroupDeleted>;
export type GroupMembers = z.input<typeof GroupMembers>;
export type GroupMembersChanged = z.infer<typeof GroupMembersChanged>;
export type RollupQuery = z.input<typeof RollupQuery>;
export type Rollup = z.infer<typeof Rollup>;
export type GroupTrendQuery = z.input<typeof GroupTrendQuery>;
export type GroupTrend = z.infer<typeof GroupTrend>;
