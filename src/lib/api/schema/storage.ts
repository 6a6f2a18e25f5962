import { z } from 'zod';
import { RetentionText, Time } from './common.ts';

const Count = z.number().int();
const Damaged = z.object({ file: z.string().describe('below samples/ in the data directory, or system.db and its log beside it'), problem: z.string() });

export const StorageStats = z
  .object({
    samples: Count.describe('each once, although one that was written anew may lie in both tiers until the next compaction'),
    bytes: Count,
    bytesPerSample: z.number().nullable().describe('null: there are no samples'),
    hot: z.object({ samples: Count, bytes: Count.describe('of the database file, its free space included') }),
    files: z.object({ count: Count, samples: Count, bytes: Count, bytesPerSample: z.number().nullable() }),
    oldest: Time.nullable(),
    newest: Time.nullable(),
    journalEntries: Count.describe('entries of the journal that are not in the sample store yet'),
    journalBytes: Count.describe('of these entries'),
    diskFreeBytes: Count.nullable().describe('on the disk of the data directory; null: not known'),
    broker: z
      .object({ sessions: Count, subscriptions: Count, queuedMessages: Count, queuedBytes: Count, retained: Count })
      .describe('what the MQTT broker keeps; zeros when it is off'),
    damaged: z.array(Damaged).describe('files that are left out, and what was set aside; verify looks into all of them'),
  })
  .meta({ id: 'StorageStats' });
export type StorageStats = z.infer<typeof StorageStats>;

/** Nothing: what is due. */
export const CompactRequest = z.object({
  all: z.boolean().optional().describe('everything up to now, and late samples however few'),
  day: z.iso.date().optional().describe('this day alone, UTC'),
});
export type CompactRequest = z.infer<typeof CompactRequest>;

export const CompactResult = z
  .object({
    samples: Count.describe('that left the hot table'),
    filesWritten: Count,
    filesReplaced: Count,
    bytesWritten: Count,
    samplesKept: Count.describe('that stay hot, because a file of their period is damaged or their point is gone'),
  })
  .meta({ id: 'CompactResult' });
export type CompactResult = z.infer<typeof CompactResult>;

export const VerifyResult = z
  .object({
    files: Count,
    samples: Count,
    bytes: Count,
    system: z
      .object({
        pages: Count,
        journalEntries: Count,
        brokerLogEntries: Count,
        complete: z.boolean().describe('false: it took too long, and the system database was not read to its end'),
      })
      .describe('of system.db'),
    damaged: z.array(Damaged),
    unknown: z.array(z.string()).describe('files that the store does not know; it neither reads nor deletes them'),
  })
  .meta({ id: 'VerifyResult' });
export type VerifyResult = z.infer<typeof VerifyResult>;

/** A rule for points that does not follow its project's. */
export const RetentionRule = z
  .object({
    source: z.enum(['point', 'type']),
    of: z.string().describe('id of the device, or of the type'),
    point: z.string(),
    retention: z.string(),
    before: Time.nullable(),
    points: Count.describe('that it holds for'),
  })
  .meta({ id: 'RetentionRule' });
export type RetentionRule = z.infer<typeof RetentionRule>;

export const RetentionQuery = z.object({
  retention: z
    .union([RetentionText, z.literal('inherit')])
    .optional()
    .describe("as if the project's own were this"),
});
export const RetentionUpdate = z.object({ retention: RetentionText.nullable().describe("the project's own; null: as storage.retention-days says") });
export type RetentionUpdate = z.infer<typeof RetentionUpdate>;

export const RetentionState = z
  .object({
    project: z.string(),
    retention: z.string().describe('how long the project keeps samples, such as 90d or forever'),
    source: z.enum(['project', 'setting', 'default']).describe("who says so: the project itself, the hub's storage.retention-days, or nobody"),
    before: Time.nullable().describe('older samples go; null: none'),
    rules: z.array(RetentionRule).describe('of types and points; at most 1000 are listed'),
    rulesCount: Count,
    samples: Count.describe('that are too old, or were; of all projects of the hub'),
    filesDeleted: Count,
    filesRewritten: Count,
  })
  .meta({ id: 'RetentionState' });
export type RetentionState = z.infer<typeof RetentionState>;
