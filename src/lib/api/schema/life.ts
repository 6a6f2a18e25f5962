import { z } from 'zod';
import { POINT_KINDS } from '../../domain/point.ts';
import { CLOCK_SOURCES } from '../../storage/life-storage.ts';
import { Time, Value } from './common.ts';

export const DeviceConnection = z
  .object({
    id: z.string().describe('unique with its device and its beginning'),
    device: z.string(),
    protocol: z.string(),
    address: z.string().nullable(),
    client: z.string().nullable().describe('the MQTT client identifier'),
    startedAt: Time,
    endedAt: Time.nullable().describe('null: it is open'),
    reason: z.string().nullable().describe('why it ended'),
  })
  .meta({ id: 'DeviceConnection' });

export const DeviceHealth = z
  .object({
    device: z.string(),
    bornAt: Time.nullable().describe('when it last began, by its own clock if it said so'),
    birth: z.record(z.string(), Value).nullable().describe('what it said then of itself; null: it never did'),
    diedAt: Time.nullable().describe('when its last will came; null: not since it began'),
    death: z.string().nullable().describe('what its last will says'),
    clock: z
      .object({
        offsetMs: z.number().int().describe("what has to be added to its clock to have the hub's: negative for one that is ahead"),
        source: z.enum(CLOCK_SOURCES).describe('reports: by the times in what it reports, with the way here in it; exchange: it asked for the time'),
        measuredAt: Time,
        wrongSince: Time.nullable().describe('null: it is not wrong (clocks.wrong-after-ms)'),
      })
      .nullable()
      .describe('null: it was never measured'),
    metrics: z
      .array(
        z.object({
          point: z.string(),
          kind: z.enum(POINT_KINDS),
          unit: z.string().nullable(),
          value: Value.nullable().describe('the newest; null: none yet'),
          time: Time.nullable(),
        }),
      )
      .describe('its points below $health/, and those that its birth names'),
  })
  .meta({ id: 'DeviceHealth' });

const ClockOffset = z.number().min(-9e15).max(9e15);

/** Of a query; over MQTT the same names in a JSON object. */
export const TimeQuestion = z.object({
  id: z.string().max(64).optional().describe('given back as it is'),
  t0: z.coerce.number().pipe(ClockOffset).optional().describe("the asker's own time, ms since 1970"),
});
export const DeviceTimeQuestion = TimeQuestion.extend({
  offset: z.coerce.number().pipe(ClockOffset).optional().describe("what it found before: ms to add to its clock to have the hub's"),
});
export const TimeAnswer = z
  .object({
    id: z.union([z.string(), z.number()]).optional(),
    t0: z.number().optional(),
    t1: Time.describe('when the question came, ms since 1970'),
    t2: Time.describe('when the answer was sent'),
    time: Time.describe('the same as t2'),
  })
  .meta({ id: 'TimeAnswer' });

export type DeviceConnection = z.infer<typeof DeviceConnection>;
export type DeviceHealth = z.infer<typeof DeviceHealth>;
