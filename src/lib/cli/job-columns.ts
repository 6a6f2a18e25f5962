import type { Job, JobConfigChange, JobDevice } from '../api/schema/jobs.ts';
import { type Colour, type Column, timeColumn } from './column.ts';
import { stateColour, whatText } from './command-columns.ts';
import { shortText } from './config-columns.ts';

const failed = ({ summary }: Job): number => summary.rejected + summary.expired + summary.failed;
const underWay = ({ summary }: Job): number => summary.queued + summary.sent + summary.delivered;

/** Of a configuration: what is changed, not what each device is given. */
function jobText(job: Job): string {
  if (job.kind !== 'config') return whatText({ ...job, version: null });
  const change = job.value as JobConfigChange;
  if ('rollback' in change) return `roll back${change.rollback.to == null ? '' : ` to version ${change.rollback.to}`}`;
  return shortText('patch' in change ? `merge ${JSON.stringify(change.patch)}` : JSON.stringify(change.document));
}

export const JOB_COLUMNS: readonly Column<Job>[] = [
  timeColumn('created', (row) => row.createdAt, { drop: 3 }),
  { name: 'what', value: (row) => row.value, text: jobText },
  { name: 'selector', value: (row) => row.selector, drop: 4 },
  { name: 'state', value: (row) => row.state, colour: (row) => jobColour(row.state), keep: true },
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'applied', value: (row) => row.summary.applied, right: true },
  { name: 'failed', value: failed, right: true },
  { name: 'under-way', value: underWay, right: true, drop: 2 },
  { name: 'waiting', value: (row) => row.summary.waiting, right: true, drop: 1 },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'kind', value: (row) => row.kind, wide: true },
  { name: 'name', value: (row) => row.name, wide: true },
  { name: 'summary', value: (row) => row.summary, wide: true },
  { name: 'concurrency', value: (row) => row.concurrency, right: true, wide: true },
  { name: 'stages', value: (row) => row.stages, text: (row) => row.stages.join(','), wide: true },
  { name: 'max-failures', value: (row) => row.failuresMaxPercent, right: true, wide: true },
  { name: 'created-by', value: (row) => row.createdBy, wide: true },
  timeColumn('started', (row) => row.startedAt, { wide: true }),
  timeColumn('ended', (row) => row.endedAt, { wide: true }),
  { name: 'id', value: (row) => row.id, whole: true, drop: 5 },
];

export const JOB_DEVICE_COLUMNS: readonly Column<JobDevice>[] = [
  { name: 'device', value: (row) => row.device },
  { name: 'state', value: (row) => row.state, colour: (row) => stateColour(row.state), keep: true },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'command', value: (row) => row.command, drop: 1 },
  { name: 'place', value: (row) => row.place, right: true, wide: true },
];

function jobColour(state: Job['state']): Colour | null {
  if (state === 'done') return '32';
  return state === 'stopped' ? '31' : '33';
}
