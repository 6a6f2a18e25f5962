import { failuresOf, type Job, type JobSummary } from '../domain/job.ts';

/** How many devices are asked by the end of each stage: at least one more than before, but for stages that have no device of their own. */
export function stageEnds({ stages, devices }: Pick<Job, 'stages' | 'devices'>): readonly number[] {
  return stages.map((percent) => Math.min(devices, Math.ceil((devices * percent) / 100)));
}

export type NextStep =
  | { readonly kind: 'ask'; readonly devices: number }
  /** For what is under way. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'done' };

/** What a running job does next. */
export function nextStep(job: Job, summary: JobSummary): NextStep {
  const underWay = summary.queued + summary.sent + summary.delivered;
  const asked = job.devices - summary.waiting;
  const ends = stageEnds(job);
  const end = ends.find((each) => each >= asked) ?? job.devices;
  const failed = failuresOf(summary) - job.forgiven;
  if (job.failuresMaxPercent !== null && failed * 100 > job.failuresMaxPercent * end && failed > 0)
    return { kind: 'stop', reason: `${failed} of ${end} devices failed, more than ${job.failuresMaxPercent} %` };
  if (summary.waiting === 0) return underWay === 0 ? { kind: 'done' } : { kind: 'wait' };
  // At the end of a stage it looks at all of it first.
  if (asked === end && underWay > 0) return { kind: 'wait' };
  const next = asked === end ? (ends.find((each) => each > asked) ?? job.devices) : end;
  const devices = Math.min(job.concurrency - underWay, next - asked);
  return devices > 0 ? { kind: 'ask', devices } : { kind: 'wait' };
}
