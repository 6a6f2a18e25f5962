import { z } from 'zod';
import { COMMAND_STATES } from '../../domain/command.ts';
import { ALIAS_KINDS, DEVICE_KINDS, DEVICE_STATES } from '../../domain/device.ts';
import { TYPE_MODES } from '../../domain/device-type.ts';
import { GROUPS_PER_DEVICE_MAX } from '../../domain/group.ts';
import { POINT_KINDS, QUALITIES } from '../../domain/point.ts';
import { VALUE_TYPES } from '../../domain/value.ts';
import { LABELS_MAX } from '../../fleet/fleet.ts';
import { RETENTION_SOURCES } from '../../fleet/retention.ts';
import { ChosenDevices, Name, PageQuery, PointPathText, PointPatterns, Repeated, RetentionText, Text, Time, Value } from './common.ts';

const Labels = z.record(Name, Text(200)).refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`);
const Groups = z.array(Text(500)).max(GROUPS_PER_DEVICE_MAX).describe('paths of groups');
const Aliases = z.partialRecord(z.enum(ALIAS_KINDS), Text(100).min(1));

export const DeviceStatus = z
  .object({
    online: z.boolean(),
    connectedAt: Time.nullable(),
    lastSeenAt: Time.nullable(),
    lastAddress: z.string().nullable(),
    protocol: z.string().nullable(),
  })
  .meta({ id: 'DeviceStatus' });

export const Device = z
  .object({
    id: z.string(),
    project: z.string(),
    name: z.string(),
    kind: z.enum(DEVICE_KINDS),
    type: z.string().nullable(),
    parent: z.string().nullable(),
    state: z.enum(DEVICE_STATES),
    labels: z.record(z.string(), z.string()),
    aliases: z.partialRecord(z.enum(ALIAS_KINDS), z.string()),
    groups: z.array(z.string()).describe('that it was put into'),
    memberOf: z.array(z.string()).describe('all groups that it is in: by its label and by selectors too, and those above'),
    createdAt: Time,
    updatedAt: Time,
    status: DeviceStatus,
    points: z.number().int().describe('how many points it has'),
    counters: z
      .object({
        accepted: z.number().int().describe('samples stored since the hub started'),
        rejected: z.number().int().describe('messages and values not taken since the hub started'),
        refused: z.number().int().describe('topics of others touched, subscriptions refused, since the hub started'),
      })
      .describe('since the hub started'),
    rate: z
      .object({
        messagesPerSecond: z.number().describe('taken, averaged over about ten seconds'),
        pointsPerSecond: z.number(),
        messagesPerSecondMax: z.number().int().nullable().describe('null: no limit'),
        pointsPerSecondMax: z.number().int().nullable(),
        limited: z.number().int().describe('messages refused for their rate since the hub started'),
        limitedAt: Time.nullable().describe('when the last of them was'),
        heldBack: z.number().int().describe('times that a message was left unread for a while for their rate (MQTT 3.1.1)'),
      })
      .describe('how much it sends now, and what it may'),
  })
  .meta({ id: 'Device' });

export const DeviceCreate = z.object({
  id: Name,
  name: Text(200).optional(),
  kind: z.enum(DEVICE_KINDS).default('device'),
  type: Name.optional(),
  parent: Name.optional(),
  labels: Labels.default({}),
  aliases: Aliases.default({}),
  groups: Groups.default([]),
  createGroups: z.boolean().default(false).describe('make groups that are missing'),
  credential: z
    .enum(['token', 'claim', 'none'])
    .default('none')
    .describe('token: make one at once and show it in the answer. claim: it waits, and whoever comes first with a claim and names it gets its identity'),
});
/** null clears. A label or alias of null is removed; the others stay. */
export const DeviceUpdate = z.object({
  name: Text(200).optional(),
  type: Name.nullable().optional(),
  parent: Name.nullable().optional(),
  state: z.enum(DEVICE_STATES).optional(),
  labels: z.record(Name, Text(200).nullable()).optional(),
  aliases: z.partialRecord(z.enum(ALIAS_KINDS), Text(100).min(1).nullable()).optional(),
  groups: Groups.optional().describe('in the place of all that it was put into'),
  reason: Text(500).optional().describe('why, for the journal of events'),
});

export const Credential = z
  .object({
    id: z.string(),
    device: z.string(),
    kind: z.enum(['token', 'password', 'claim']).describe('claim: a place for the one that the device gets when it claims itself'),
    createdAt: Time,
    expiresAt: Time.nullable().describe('null: until it is removed'),
  })
  .meta({ id: 'Credential' });
export const CredentialCreate = z.object({
  kind: z.enum(['token', 'password', 'claim']).default('token'),
  validSeconds: z
    .number()
    .int()
    .positive()
    .max(10 * 366 * 86_400)
    .nullable()
    .optional()
    .describe('null: until it is removed; absent, of a token: as access.device-token-days says'),
  password: z.string().min(10).max(1000).optional().describe('kind password: absent, the hub makes one'),
});
export const CredentialCreated = Credential.extend({
  username: z.string().describe('what the device sends as MQTT user name (or HTTP basic user): its id'),
  secret: z.string().describe('the token or password; shown this once. Of kind claim empty: it has none'),
});
export const DeviceCreated = Device.extend({ credential: CredentialCreated.optional() });

/** Each filter narrows. `label` repeats: ?label=site=paris&label=floor=2; a bare name asks that the label exists. */
export const DeviceQuery = PageQuery.extend({
  kind: z.enum(DEVICE_KINDS).optional(),
  type: z.string().optional(),
  parent: z.string().optional(),
  state: z.enum(DEVICE_STATES).optional(),
  online: z.enum(['true', 'false']).optional(),
  label: Repeated(z.string()).optional(),
  group: Repeated(z.string()).optional().describe('in one of these groups, or below it'),
  alias: z.string().optional().describe('value of an alias of any kind, or kind:value'),
  id: Repeated(z.string()).optional().describe('only these; repeats'),
  q: z.string().max(400).optional().describe('words, each of which stands somewhere in id, name, aliases, labels, type or groups'),
  selector: z.string().max(4000).optional().describe('site=paris,type=meter: all must hold; a|b for one of them, * for any text, !name for none'),
  where: z.string().max(4000).optional().describe('a condition, such as battery < 20 and online'),
  sort: z.string().max(210).optional().describe('a field, labels.NAME, aliases.KIND or the path of a point; -field for descending. Absent: by id'),
});

/** What is shown of the list: the first so many. */
export const DeviceStreamQuery = DeviceQuery.omit({ cursor: true, limit: true }).extend({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });

/**
 * What the hub sends on the stream of devices, one JSON object per WebSocket text message. A round of looking may come in several messages; `settled` ends it.
 */
export const DeviceStreamMessage = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('hello'), time: Time }),
    z.object({
      type: z.literal('devices'),
      time: Time,
      entered: z.array(Device).describe('new in the list, or changed so that they fit now'),
      changed: z.array(Device).describe('in the list as before, with something else to show'),
      left: z.array(z.string()).describe('ids of devices that are in the list no more'),
      order: z.array(z.string()).nullable().describe('ids of all of the list, as they are sorted now; null: by id, or as before'),
      more: z.boolean().describe('there are more than limit'),
      settled: z.boolean(),
    }),
    z.object({ type: z.literal('bye'), code: z.string(), reason: z.string() }),
  ])
  .meta({ id: 'DeviceStreamMessage' });

export const PointDefinition = z
  .object({
    path: PointPathText,
    kind: z.enum(POINT_KINDS).default('measure'),
    valueType: z.enum(VALUE_TYPES).default('number'),
    unit: Text(32).nullable().default(null),
    decimals: z.number().int().min(0).max(15).nullable().default(null),
    min: z.number().nullable().default(null),
    max: z.number().nullable().default(null),
    description: Text(500).nullable().default(null),
    retention: RetentionText.nullable().default(null).describe("how long samples are kept; null: as long as the project's"),
  })
  .meta({ id: 'PointDefinition' });

/** Read and checked by configuration/config-schema.ts. */
const ConfigSchema = z.record(z.string(), z.unknown()).describe('JSON Schema that configuration documents of its devices fit; null: any object does');

export const DeviceType = z
  .object({
    id: z.string(),
    project: z.string(),
    mode: z.enum(TYPE_MODES),
    description: z.string().nullable(),
    points: z.array(PointDefinition),
    configSchema: ConfigSchema.nullable(),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'DeviceType' });
export const DeviceTypeCreate = z.object({
  id: Name,
  mode: z.enum(TYPE_MODES).default('strict'),
  description: Text(500).nullable().default(null),
  points: z.array(PointDefinition).max(10_000).default([]),
  configSchema: ConfigSchema.nullable().optional(),
});
/** `points` replaces the whole list; devices of the type follow at once. */
export const DeviceTypeUpdate = z.object({
  mode: z.enum(TYPE_MODES).optional(),
  description: Text(500).nullable().optional(),
  points: z.array(PointDefinition).max(10_000).optional(),
  configSchema: ConfigSchema.nullable().optional(),
});

export const Latest = z.object({ time: Time, value: Value, quality: z.enum(QUALITIES), late: z.boolean() }).meta({ id: 'Latest' });
/** What an application asked last, beside what the device reports. */
export const Wanted = z
  .object({
    value: Value,
    state: z.enum(COMMAND_STATES),
    reason: z.string().nullable().describe('why it was rejected, expired or cancelled'),
    command: z.string(),
    actor: z.string(),
    wantedAt: Time,
    settledAt: Time.nullable(),
  })
  .meta({ id: 'Wanted' });
export const Point = z
  .object({
    device: z.string(),
    path: z.string(),
    kind: z.enum(POINT_KINDS),
    valueType: z.enum(VALUE_TYPES),
    unit: z.string().nullable(),
    decimals: z.number().nullable(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    description: z.string().nullable(),
    retention: z.string().nullable().describe('its own; null: as its type or project says'),
    kept: z
      .object({ retention: z.string(), source: z.enum(RETENTION_SOURCES) })
      .describe('how long its samples are kept, and who says so: the point, its type, the project, the setting of the hub, or nobody'),
    createdAt: Time,
    latest: Latest.nullable(),
    wanted: Wanted.nullable().describe('of a parameter or set point: the value that was asked for last, and what became of it'),
  })
  .meta({ id: 'Point' });
export const PointUpdate = z.object({
  kind: z.enum(POINT_KINDS).optional(),
  unit: Text(32).nullable().optional(),
  decimals: z.number().int().min(0).max(15).nullable().optional(),
  min: z.number().nullable().optional(),
  max: z.number().nullable().optional(),
  description: Text(500).nullable().optional(),
  retention: RetentionText.nullable().optional(),
});
/** `device`, `point`, `label` and `kind` repeat; a point may hold * for any text. */
export const PointQuery = PageQuery.extend({
  device: Repeated(z.string()).optional(),
  point: PointPatterns.optional(),
  label: Repeated(z.string()).optional(),
  ...ChosenDevices,
  kind: Repeated(z.enum(POINT_KINDS)).optional(),
});

export const Reject = z
  .object({
    id: z.string(),
    device: z.string().nullable(),
    time: Time,
    code: z.string(),
    step: z.string(),
    reason: z.string(),
    point: z.string().nullable(),
    protocol: z.string(),
    address: z.string().nullable(),
    topic: z.string().nullable(),
    payloadBytes: z.number().int(),
    payloadHead: z.string(),
  })
  .meta({ id: 'Reject' });

export type Device = z.infer<typeof Device>;
export type DeviceCreate = z.input<typeof DeviceCreate>;
export type DeviceCreated = z.infer<typeof DeviceCreated>;
export type DeviceUpdate = z.input<typeof DeviceUpdate>;
export type DeviceQuery = z.input<typeof DeviceQuery>;
export type DeviceStreamQuery = z.input<typeof DeviceStreamQuery>;
export type DeviceStreamMessage = z.infer<typeof DeviceStreamMessage>;
export type Credential = z.infer<typeof Credential>;
export type CredentialCreate = z.input<typeof CredentialCreate>;
export type CredentialCreated = z.infer<typeof CredentialCreated>;
export type DeviceType = z.infer<typeof DeviceType>;
export type DeviceTypeCreate = z.input<typeof DeviceTypeCreate>;
export type DeviceTypeUpdate = z.input<typeof DeviceTypeUpdate>;
export type Point = z.infer<typeof Point>;
export type PointUpdate = z.input<typeof PointUpdate>;
export type PointQuery = z.input<typeof PointQuery>;
export type Reject = z.infer<typeof Reject>;
