import { z } from 'zod';
import { EVENT_KINDS } from '../../domain/event.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { SeverityText } from './alarms.ts';
import { Cursor, Repeated, Text, Time } from './common.ts';
import { TableExportQuery } from './table-export.ts';

export const EventItem = z
  .object({
    id: z.string().describe('uuid v7'),
    project: z.string(),
    time: Time.describe('when it happened, by its own time: of an alarm, that of the sample'),
    recordedAt: Time,
    kind: z.enum(EVENT_KINDS),
    actor: z.string().describe('user:anna, token:ci, device:b1, rule:boiler-hot, hub'),
    severity: z.enum(SEVERITIES).nullable(),
    device: z.string().nullable(),
    point: z.string().nullable(),
    alarm: z.string().nullable(),
    rule: z.string().nullable(),
    text: z.string().describe('one sentence for people'),
    details: z.record(z.string(), z.unknown()).describe('what this kind of event has besides'),
  })
  .meta({ id: 'Event' });

/** The filters of the live stream, in the query of its URL. */
export const EventStreamQuery = z.object({
  kind: Repeated(Text(100)).optional().describe('such as alarm.raised, or with * for any text: alarm.*; repeats'),
  severity: Repeated(SeverityText).optional(),
  device: Repeated(Text(200)).optional().describe('id or alias; repeats'),
  rule: Repeated(Text(200)).optional().describe('repeats'),
  alarm: Text(100).optional().describe('id of one alarm'),
});

const EVENT_PLACE = /^(?:0|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const EventPlace = z.string().regex(EVENT_PLACE, 'must be the id of an event');

export const EventQuery = EventStreamQuery.extend({
  from: z.coerce.number().int().optional().describe('ms since 1970, by the time when it happened; absent: the beginning'),
  to: z.coerce.number().int().optional().describe('ms since 1970, exclusive; absent: no end'),
  after: EventPlace.optional().describe('id of the event behind which to go on, or 0: before the first; the oldest first whatever `order` says'),
  order: z.enum(['asc', 'desc']).default('desc').describe('by when they were recorded'),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
  cursor: Cursor.optional(),
});

/** The oldest first, unless asked otherwise: as a journal is read. */
export const EventExportQuery = EventQuery.omit({ limit: true, cursor: true })
  .extend({ order: EventQuery.shape.order.unwrap().default('asc') })
  .extend(TableExportQuery.shape);

/** What the hub sends on the stream of events, one JSON object per WebSocket text message. */
export const EventStreamMessage = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('hello'), time: Time }),
    z.object({ type: z.literal('events'), events: z.array(EventItem) }),
    z.object({ type: z.literal('gap'), dropped: z.number().int().describe('events that this subscriber was too slow for'), from: Time, to: Time }),
    z.object({ type: z.literal('bye'), code: z.string(), reason: z.string() }),
  ])
  .meta({ id: 'EventStreamMessage' });

export type EventItem = z.infer<typeof EventItem>;
export type EventQuery = z.input<typeof EventQuery>;
export type EventExportQuery = z.input<typeof EventExportQuery>;
export type EventStreamQuery = z.input<typeof EventStreamQuery>;
export type EventStreamMessage = z.infer<typeof EventStreamMessage>;
