import { z } from 'zod';
import { POINT_KINDS } from '../../domain/point.ts';
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

export type DeviceConnection = z.infer<typeof DeviceConnection>;
export type DeviceHealth = z.infer<typeof DeviceHealth>;
