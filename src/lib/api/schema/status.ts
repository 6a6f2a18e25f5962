import { z } from 'zod';
import { Time } from './common.ts';

const Count = z.number().int();

/** How the hub is: counts since its start, levels now. Rates are the difference of two readings. */
export const HubStatus = z
  .object({
    version: z.string(),
    startedAt: Time,
    time: Time,
    ready: z.boolean(),
    ingest: z.object({
      messages: Count,
      samples: Count,
      rejected: Count.describe('values and messages that were not taken'),
      failed: Count.describe('messages that could not be stored and were not acknowledged'),
      limited: Count.describe('messages refused for their rate'),
      repeated: Count.describe('messages that were known already'),
      waiting: Count.describe('messages that wait for the disk'),
      bytesWaiting: Count.describe('their payloads'),
      pressure: z.object({ since: Time, reason: z.string() }).nullable().describe('senders are held back since then, because of that; null: they are not'),
      acknowledgeP50Ms: z.number().nullable().describe('of the last 4,096 messages'),
      acknowledgeP99Ms: z.number().nullable(),
    }),
    storage: z.object({
      failed: z.boolean().describe('the sample store takes nothing at the moment; the journal keeps what arrives'),
      damagedFiles: Count.describe('files of samples that are damaged and left out; storage names them'),
      commitsWaiting: Count,
      journalBytes: Count.describe('not yet in the sample store'),
      journalEntriesToApply: Count,
      diskFreeBytes: Count.nullable().describe('on the disk of the data directory; null: not known'),
      diskFull: z.boolean().describe('too little room: writes are refused'),
    }),
    http: z.object({ connections: Count, refused: Count.describe('connections that were one too many, since the start') }),
    fleet: z.object({ devices: Count, points: Count }),
    stream: z.object({ subscribers: Count, dropped: Count.describe('samples dropped for slow subscribers') }),
    mqtt: z.record(z.string(), z.number()).describe('levels now and counts since the start, by name'),
    process: z.object({ memoryBytes: Count, eventLoopDelayP99Ms: z.number() }),
  })
  .meta({ id: 'HubStatus' });
export type HubStatus = z.infer<typeof HubStatus>;
