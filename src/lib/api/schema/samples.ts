import { z } from 'zod';
import { AGGREGATES } from '../../domain/aggregate.ts';
import { DOWNSAMPLING_METHODS } from '../../domain/downsampling.ts';
import { POINT_KINDS, QUALITIES } from '../../domain/point.ts';
import { LAYOUTS } from '../../exports/export-format.ts';
import { TIME_STYLES } from '../../exports/time-style.ts';
import { ChosenDevices, Cursor, PointPatterns, Repeated, Time, Value } from './common.ts';

const Names = Repeated(z.string());

export const ReportResult = z
  .object({
    accepted: z.number().int().describe('samples that are on disk now'),
    rejected: z.array(z.object({ code: z.string(), reason: z.string(), point: z.string().nullable() })).describe('at most 100 are listed'),
    rejectedCount: z.number().int(),
    time: Time.describe("the hub's clock"),
  })
  .meta({ id: 'ReportResult' });

export const SampleItem = z
  .object({ device: z.string(), point: z.string(), time: Time, value: Value, quality: z.enum(QUALITIES), late: z.boolean() })
  .meta({ id: 'Sample' });

/** Raw samples of one device: by time, ties in the order of `point`. from <= time < to. */
export const SamplesQuery = z.object({
  point: PointPatterns.describe('a path, or with * for any text; repeats'),
  from: z.coerce.number().int().optional().describe('ms since 1970; absent: the beginning'),
  to: z.coerce.number().int().optional().describe('ms since 1970, exclusive; absent: no end'),
  order: z.enum(['asc', 'desc']).default('asc'),
  limit: z.coerce.number().int().min(1).max(100_000).default(1000),
  cursor: Cursor.optional(),
});

export const AggregateQuery = z.object({
  point: PointPatterns,
  from: z.coerce.number().int(),
  to: z.coerce.number().int(),
  everyMs: z.coerce.number().int().min(1).optional().describe('bucket width; absent: one bucket'),
  originMs: z.coerce.number().int().optional().describe('buckets begin at whole multiples of their width from here, ms since 1970; absent: 0'),
  aggregate: z.enum(AGGREGATES).default('avg'),
});
export const Bucket = z
  .object({ device: z.string(), point: z.string(), time: Time.describe('start of the bucket'), value: Value, count: z.number().int() })
  .meta({ id: 'Bucket' });
export const AggregateResult = z.object({ items: z.array(Bucket) });

/** Samples that stand for all of a range. from <= time < to. */
export const DownsampleQuery = z.object({
  point: PointPatterns,
  from: z.coerce.number().int(),
  to: z.coerce.number().int(),
  points: z.coerce.number().int().min(3).max(100_000).default(500).describe('samples of each point at most; a point that has no more gives all'),
  method: z
    .enum(DOWNSAMPLING_METHODS)
    .default('minmax')
    .describe('minmax: the least and the greatest of each stretch of the range; lttb: largest triangle, three buckets'),
});
export const ChosenSample = z
  .object({ device: z.string(), point: z.string(), time: Time, value: z.number().describe('booleans as 0 and 1') })
  .meta({ id: 'ChosenSample' });
export const DownsampleResult = z.object({ items: z.array(ChosenSample) });

/** Points of many devices. Absent `device` and `label`: the whole project. */
export const CountQuery = z.object({
  device: Names.optional(),
  point: PointPatterns.optional(),
  label: Names.optional(),
  ...ChosenDevices,
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
});
export const CountResult = z.object({ count: z.number().int(), series: z.number().int() });

export const ExportQuery = z.object({
  format: z.string(),
  device: Names.optional(),
  point: PointPatterns.optional(),
  label: Names.optional(),
  ...ChosenDevices,
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
  layout: z.enum(LAYOUTS).default('long'),
  time: z.enum(TIME_STYLES).default('iso'),
  timezone: z.string().default('UTC'),
  after: z.string().max(1000).optional().describe('JSON {device, point, time} of the last whole row of an interrupted export (wide: without point)'),
});

/** The stream's filters, in the query of its URL. */
export const StreamQuery = z.object({
  device: Names.optional(),
  point: PointPatterns.optional(),
  label: Names.optional(),
  ...ChosenDevices,
  kind: Repeated(z.enum(POINT_KINDS)).optional(),
});
/** What the hub sends on the stream, one JSON object per WebSocket text message. */
export const StreamMessage = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('hello'), time: Time }),
    z.object({ type: z.literal('samples'), samples: z.array(SampleItem) }),
    z.object({ type: z.literal('gap'), dropped: z.number().int().describe('samples that this subscriber was too slow for'), from: Time, to: Time }),
    z.object({ type: z.literal('bye'), code: z.string(), reason: z.string() }),
  ])
  .meta({ id: 'StreamMessage' });

export type ReportResult = z.infer<typeof ReportResult>;
export type SampleItem = z.infer<typeof SampleItem>;
export type SamplesQuery = z.input<typeof SamplesQuery>;
export type AggregateQuery = z.input<typeof AggregateQuery>;
export type Bucket = z.infer<typeof Bucket>;
export type AggregateResult = z.infer<typeof AggregateResult>;
export type DownsampleQuery = z.input<typeof DownsampleQuery>;
export type ChosenSample = z.infer<typeof ChosenSample>;
export type DownsampleResult = z.infer<typeof DownsampleResult>;
export type CountQuery = z.input<typeof CountQuery>;
export type CountResult = z.infer<typeof CountResult>;
export type ExportQuery = z.input<typeof ExportQuery>;
export type StreamQuery = z.input<typeof StreamQuery>;
export type StreamMessage = z.infer<typeof StreamMessage>;
