import type { EventKind } from '../domain/event.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { JobRecord } from '../storage/job-storage.ts';

export type JobEventKind = Extract<EventKind, `job.${string}`>;

export function jobEvent(kind: JobEventKind, job: JobRecord, actor: string, time: number): NewEvent {
  const { id, project, selector, devices, state, reason, kind: of, name, summary } = job;
  const what = of === 'call' ? `call ${name ?? ''}` : of;
  const because = reason === null || kind === 'job.cancelled' || kind === 'job.paused' ? '' : `: ${reason}`;
  const text = `job ${id.slice(-8)} (${what} of ${devices} devices) was ${kind.slice('job.'.length)} by ${actor}${because}`;
  return {
    ...{ project, time, kind, actor, severity: null, device: null, point: null, alarm: null, rule: null, text },
    details: { job: id, kind: of, name, selector, devices, state, reason, summary },
  };
}
