import { z } from 'zod';
import { CONFIG_OUTCOMES } from '../../configuration/preview-change.ts';
import { COMMAND_KINDS } from '../../domain/command.ts';
import { JOB_DEVICE_STATES, JOB_STATES } from '../../domain/job.ts';
import { PageQuery, PointPathText, pageOf, Repeated, Text, Time, Value } from './common.ts';

const Count = z.number().int();

export const JobSummary = z
  .object({
    waiting: Count.describe('not asked yet'),
    ...{ queued: Count, sent: Count, delivered: Count, applied: Count, rejected: Count, expired: Count, cancelled: Count },
    failed: Count.describe('could not be asked'),
  })
  .describe('how many of its devices are where');

export const Job = z
  .object({
    id: z.string(),
    kind: z.enum(COMMAND_KINDS),
    name: z.string().nullable().describe('what is called'),
    value: Value.describe('set: values by point; call: arguments; config: the change, as it was asked for'),
    selector: z.string().describe('which devices, as it was when the job was made'),
    state: z.enum(JOB_STATES),
    reason: z.string().nullable().describe('why it is paused, stopped or cancelled'),
    concurrency: Count.describe('devices that are asked at a time'),
    stages: z.array(z.number()).describe('shares of the devices, in percent, at which it waits for all answers before it goes on'),
    failuresMaxPercent: z.number().nullable().describe('with more failures it stops; null: never'),
    forgiven: Count.describe('failures that it went on from'),
    expiryMs: Count.describe('how long each command lives'),
    devices: Count,
    summary: JobSummary,
    createdAt: Time,
    createdBy: z.string(),
    startedAt: Time.nullable(),
    endedAt: Time.nullable(),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;

export const JobPage = pageOf(Job);

const Common = {
  selector: Text(4_000).describe('which devices: `site=paris,type=meter`; empty: all'),
  concurrency: z.number().int().min(1).default(1_000).describe('devices that are asked at a time'),
  stages: z.array(z.number().positive().max(100)).min(1).max(20).default([100]).describe('in percent, rising, the last one 100'),
  failuresMaxPercent: z.number().min(0).max(100).nullable().default(null),
  expiryMs: z.number().int().min(1).optional().describe('how long each command lives; without it control.expiry-default-ms'),
  start: z.boolean().default(true).describe('false: it waits to be started'),
};

/** What every device is asked. */
export const JobCreate = z.union([
  z.object({ set: z.object({ values: z.record(PointPathText, Value) }), ...Common }),
  z.object({ call: z.object({ name: Text(128), args: Value.optional() }), ...Common }),
]);
export type JobCreate = z.input<typeof JobCreate>;

const Document = z.record(z.string(), Value);
const What = {
  comment: Text(500).nullable().default(null).describe('why, for the history of each device'),
  ifVersion: z
    .number()
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('only devices of which this version is wanted when it is their turn, or the same document already; 0: none is; null: all'),
};

/** What is changed in the configuration of every device: exactly one of the three. */
export const JobConfigChange = z.union([
  z.strictObject({ document: Document.describe('the whole of it, the same for all'), ...What }),
  z.strictObject({ patch: Document.describe('merged into what is wanted of each device when it is its turn (JSON merge patch, RFC 7396)'), ...What }),
  z.strictObject({
    rollback: z.strictObject({
      to: z.number().int().min(1).nullable().default(null).describe('null: the one that the device applied last before the wanted one'),
    }),
    ...What,
  }),
]);
export type JobConfigChange = z.input<typeof JobConfigChange>;

export const JobConfigCreate = z.object({ config: JobConfigChange, ...Common });
export type JobConfigCreate = z.input<typeof JobConfigCreate>;

export const JobConfigPreviewRequest = z.object({ config: JobConfigChange, selector: Common.selector });
export type JobConfigPreviewRequest = z.input<typeof JobConfigPreviewRequest>;

const JsonChange = z.object({
  path: z.string().describe('names joined by dots; $: the whole'),
  change: z.enum(['added', 'removed', 'changed']),
  from: Value.optional(),
  to: Value.optional(),
});
export const JobConfigPreview = z
  .object({
    devices: Count.describe('that the job would ask'),
    groups: z
      .array(
        z.object({
          devices: Count,
          outcome: z
            .enum(CONFIG_OUTCOMES)
            .describe(
              'changed: a new version; again: it is wanted already and would be sent once more; unchanged: the device has it; refused: it could not be asked',
            ),
          reason: z.string().nullable().describe('of refused ones: as it is said of `example`'),
          changes: z.array(JsonChange),
          example: z.string().describe('one of the devices'),
        }),
      )
      .describe('devices to which the same would happen, the most first; 100 at most'),
    others: Count.describe('devices of groups that are not among them'),
  })
  .meta({ id: 'JobConfigPreview' });
export type JobConfigPreview = z.infer<typeof JobConfigPreview>;

export const JobCountRequest = z.object({ selector: Common.selector });
export const JobCount = z.object({ devices: Count.describe('that a job with this selector would ask') });
export type JobCount = z.infer<typeof JobCount>;

export const JobDevice = z
  .object({
    device: z.string(),
    state: z.enum(JOB_DEVICE_STATES),
    reason: z.string().nullable(),
    command: z.string().nullable().describe('the last one that it was asked with'),
    place: Count.describe('in the order in which they are asked'),
  })
  .meta({ id: 'JobDevice' });
export type JobDevice = z.infer<typeof JobDevice>;

export const JobDeviceQuery = PageQuery.extend({ state: Repeated(z.enum(JOB_DEVICE_STATES)).optional() });
export type JobDeviceQuery = z.input<typeof JobDeviceQuery>;
