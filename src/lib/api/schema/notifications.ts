import { z } from 'zod';
import { DELIVERY_STATES, NOTIFY_CAUSES } from '../../domain/notification.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import type { JsonValue } from '../../domain/value.ts';
import { RouteDocument } from '../../notifications/route-document.ts';
import { Cursor, Name, Repeated, Text, Time } from './common.ts';

const Config = z.record(z.string().max(100), z.json() as unknown as z.ZodType<JsonValue>);

export const Channel = z
  .object({
    id: z.string(),
    project: z.string(),
    kind: z.string(),
    enabled: z.boolean(),
    config: Config.describe('without its secrets'),
    secrets: z.array(z.string()).describe('names of the secrets that are set'),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: 'Channel' });
export const ChannelCreated = Channel.extend({
  generated: z.record(z.string(), z.string()).describe('secrets that the hub made; they are shown this once'),
}).meta({ id: 'ChannelCreated' });
export const ChannelCreate = z.strictObject({
  id: Name,
  kind: Text(100),
  enabled: z.boolean().default(true),
  config: Config.default({}),
});
export const ChannelUpdate = z.strictObject({
  enabled: z.boolean().optional(),
  config: Config.optional().describe('whole; secrets that are left out stay, null takes one away'),
});
export const ChannelTest = z
  .object({
    delivery: z.string().describe('the dedupe key that was sent'),
    delivered: z.boolean(),
    answer: z.string().describe('what the receiver said, or why it did not take it'),
    retryable: z.boolean().describe('the hub would try again'),
    elapsedMs: z.number().int(),
  })
  .meta({ id: 'ChannelTest' });

const ROUTE = { enabled: z.boolean(), channels: z.array(Name).min(1).max(20) };
/** A stored document that this release cannot read is shown as it is. */
export const Route = z
  .looseObject({ id: z.string(), project: z.string(), enabled: z.boolean(), channels: z.array(z.string()), createdAt: Time, updatedAt: Time })
  .meta({ id: 'Route', description: 'and the parts of the document that were given: match, groupBy, quietHours, ...' });
export const RouteCreate = RouteDocument.extend({ id: Name, ...ROUTE, enabled: ROUTE.enabled.default(true) });
/** The parts that are given take the place of those that are there; null takes one away. */
export const RouteUpdate = z.strictObject({
  enabled: ROUTE.enabled.optional(),
  channels: ROUTE.channels.optional(),
  ...(Object.fromEntries(Object.entries(RouteDocument.shape).map(([name, schema]) => [name, (schema as z.ZodType).nullable()])) as {
    [Part in keyof typeof RouteDocument.shape]: z.ZodNullable<(typeof RouteDocument.shape)[Part]>;
  }),
});

/** An alarm change that did not happen. */
export const RouteTest = z.strictObject({
  severity: z.enum(SEVERITIES),
  cause: z.enum(NOTIFY_CAUSES).default('raised'),
  rule: Text(200).default('').describe('id of a rule; it need not exist'),
  device: Text(200).optional().describe('id or alias of a device'),
  point: Text(200).optional(),
  group: Text(300).optional().describe('of an alarm over a group'),
  labels: z.record(Name, Text(200)).default({}).describe('of the alarm; those of the device come from it'),
  time: Time.optional().describe('absent: now'),
});
export const RouteTested = z
  .object({
    route: z.string(),
    enabled: z.boolean(),
    matches: z.boolean(),
    parts: z.array(z.object({ part: z.string(), wanted: z.array(z.string()), is: z.string().nullable(), holds: z.boolean() })),
    channels: z.array(z.object({ id: z.string(), told: z.boolean(), reason: z.string() })),
    dueAt: Time.nullable().describe('when it is told at the earliest; null: it is not'),
    reason: z.string().describe('how it is told, or why not'),
  })
  .meta({ id: 'RouteTested' });
export const RouteTestResult = z.object({ routes: z.array(RouteTested) });

export const Delivery = z
  .object({
    id: z.string(),
    project: z.string(),
    channel: z.string(),
    route: z.string().nullable(),
    alarm: z.string().nullable(),
    event: z.string(),
    cause: z.enum(NOTIFY_CAUSES),
    severity: z.enum(SEVERITIES),
    delivery: z.string().nullable().describe('changes that were told together share it; it is the dedupe key; null: not decided yet'),
    state: z.enum(DELIVERY_STATES),
    attempts: z.number().int(),
    dueAt: Time.describe('waiting: not before'),
    createdAt: Time,
    settledAt: Time.nullable(),
    lastError: z.string().nullable(),
    title: z.string(),
  })
  .meta({ id: 'Delivery' });
export const DeliveryQuery = z.object({
  channel: Text(200).optional(),
  alarm: Text(100).optional(),
  state: Repeated(z.enum(DELIVERY_STATES)).optional().describe('repeats'),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
  cursor: Cursor.optional(),
});

export type Channel = z.infer<typeof Channel>;
export type ChannelCreate = z.input<typeof ChannelCreate>;
export type ChannelCreated = z.infer<typeof ChannelCreated>;
export type ChannelUpdate = z.input<typeof ChannelUpdate>;
export type ChannelTest = z.infer<typeof ChannelTest>;
export type Route = z.infer<typeof Route> & RouteDocument;
export type RouteCreate = z.input<typeof RouteCreate>;
export type RouteUpdate = z.input<typeof RouteUpdate>;
export type RouteTest = z.input<typeof RouteTest>;
export type RouteTested = z.infer<typeof RouteTested>;
export type Delivery = z.infer<typeof Delivery>;
export type DeliveryQuery = z.input<typeof DeliveryQuery>;
