import { z } from 'zod';
import { NOTIFY_CAUSES } from '../../domain/notification.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { Name, Problem, Time, Value } from './common.ts';

const Count = z.number().int();
const Pattern = z.string().min(1).max(300);
const OCCURRENCES_MAX = 10_000;
const SUBJECTS_MAX = 1_000;
const PARTS_MAX = 1_000;

export const TriedRule = z
  .object({
    rule: Name.optional().describe('one that the hub has'),
    version: Count.min(1).optional().describe('of that rule; absent: the one in force'),
    document: z.record(z.string(), z.unknown()).optional().describe('or one that it has not'),
  })
  .refine(({ rule, document }) => (rule === undefined) !== (document === undefined), 'must have either rule or document')
  .meta({ id: 'TriedRule' });
export type TriedRule = z.input<typeof TriedRule>;

export const BacktestRequest = z
  .object({
    rules: z.array(TriedRule).min(1).max(2).describe('one, or two to compare'),
    from: Time,
    to: Time.optional().describe('absent, or still to come: now'),
    devices: z.array(Pattern).max(1_000).optional().describe('only these of what the rules watch; * stands for any text'),
    points: z.array(Pattern).max(1_000).optional(),
    late: z.enum(['use', 'skip']).default('use').describe('samples that came late: as if in time, or left out as live evaluation leaves them out'),
    parts: Count.min(1).max(PARTS_MAX).default(100).describe('of each timeline'),
    occurrences: Count.min(0).max(OCCURRENCES_MAX).default(1_000).describe('listed at most, of each rule; all are counted'),
    subjects: Count.min(1).max(SUBJECTS_MAX).default(100).describe('listed at most, of each rule; all are counted'),
  })
  .meta({ id: 'BacktestRequest' });
export type BacktestRequest = z.input<typeof BacktestRequest>;

const Subject = z.object({ device: z.string().nullable(), point: z.string().nullable(), group: z.string().nullable() });
const Level = z.object({ name: z.string(), severity: z.enum(SEVERITIES) });

export const BacktestOccurrence = z
  .object({
    subject: Subject,
    raisedAt: Time.describe('before the range, when it held already at its start'),
    clearedAt: Time.nullable().describe('null: it holds at the end'),
    durationMs: Count.describe('within the range'),
    level: Level.describe('the worst'),
    changes: z.array(z.object({ time: Time, level: z.string(), value: Value })).describe('the first fifty'),
    changesCount: Count,
    lowest: z.number().nullable().describe('of the numbers that came while it held'),
    highest: z.number().nullable(),
    explanation: z.string(),
    inBoth: z.boolean().nullable().describe('the other rule has one at the same time; null: there is no other'),
  })
  .meta({ id: 'BacktestOccurrence' });
export type BacktestOccurrence = z.infer<typeof BacktestOccurrence>;

const Figures = {
  occurrences: Count,
  levels: z.record(z.string(), Count).describe('how often each level was entered'),
  activeMs: Count,
  longestMs: Count,
  notifications: z.record(z.enum(NOTIFY_CAUSES), Count).describe('what somebody would have been told, had nobody acknowledged anything'),
};

export const BacktestSubject = z
  .object({
    subject: Subject,
    ...Figures,
    samples: Count,
    ignored: Count.describe('samples that the condition can say nothing about'),
    standing: z.string().nullable().describe('the level at the end; null: normal'),
    timeline: z.string().describe('for each part of the range the worst level: 0 is normal, then 1 to z in the order of the levels'),
  })
  .meta({ id: 'BacktestSubject' });
export type BacktestSubject = z.infer<typeof BacktestSubject>;

export const BacktestRule = z
  .object({
    rule: z.string(),
    version: Count.nullable().describe('null: a document that the hub has not'),
    levels: z.array(Level).describe('least bad first'),
    subjects: Count.describe('what it watches'),
    subjectsAlarming: Count,
    standing: Count.describe('at the end'),
    totals: z.object(Figures),
    occurrencesPerDay: z.number(),
    activeShare: z.number().describe('part of the time of all subjects, 0 to 1'),
    bySubject: z.array(BacktestSubject).describe('those with the most occurrences first'),
    occurrences: z.array(BacktestOccurrence).describe('by time'),
    notes: z.array(z.string()).describe('what these figures leave out'),
  })
  .meta({ id: 'BacktestRule' });
export type BacktestRule = z.infer<typeof BacktestRule>;

export const BacktestResult = z
  .object({
    from: Time,
    to: Time,
    warmFrom: Time.describe('samples from here on were shown before the range, to fill windows'),
    samples: Count,
    samplesLate: Count,
    series: Count,
    elapsedMs: z.number(),
    rules: z.array(BacktestRule),
    comparison: z
      .object({ onlyA: Count, onlyB: Count, bothA: Count, bothB: Count })
      .nullable()
      .describe('occurrences that overlap in time are the same alarm; a is the first rule'),
  })
  .meta({ id: 'BacktestResult' });
export type BacktestResult = z.infer<typeof BacktestResult>;

export const BacktestProgress = z.object({ samples: Count, time: Time, from: Time, to: Time, occurrences: z.array(Count) });
export type BacktestProgress = z.infer<typeof BacktestProgress>;

/** One line of the answer. */
export const BacktestLine = z
  .union([
    z.object({ kind: z.literal('progress'), progress: BacktestProgress }),
    z.object({ kind: z.literal('result'), result: BacktestResult }),
    z.object({ kind: z.literal('failed'), problem: Problem }),
  ])
  .meta({ id: 'BacktestLine' });
export type BacktestLine = z.infer<typeof BacktestLine>;
