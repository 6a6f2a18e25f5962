import { Flags } from '@oclif/core';
import type { JobCreate } from '../api/schema/jobs.ts';
import { MusterError } from '../errors/muster-error.ts';
import { dryRunFlag, selectorFlag, yesFlag } from './flags.ts';

/** Of commands that ask one device, or with a selector many. */
export const jobFlags = {
  selector: { ...selectorFlag('Ask all devices that fit, as a job: site=paris,type=boiler'), helpGroup: 'JOB' },
  concurrency: Flags.integer({ summary: 'Devices that are asked at a time', helpValue: '<devices>', min: 1, dependsOn: ['selector'], helpGroup: 'JOB' }),
  stages: Flags.string({
    summary: 'Percentages at which it waits for all answers: 1,10,100',
    helpValue: '<percent,...>',
    dependsOn: ['selector'],
    helpGroup: 'JOB',
  }),
  'max-failures': Flags.string({ summary: 'With more failures it stops: 5%', helpValue: '<percent>', dependsOn: ['selector'], helpGroup: 'JOB' }),
  hold: Flags.boolean({ summary: 'Make the job and do not start it', dependsOn: ['selector'], exclusive: ['wait'], helpGroup: 'JOB' }),
  yes: { ...yesFlag, dependsOn: ['selector'], helpGroup: 'JOB' },
  'dry-run': { ...dryRunFlag, dependsOn: ['selector'], helpGroup: 'JOB' },
};

export interface JobChoice {
  readonly concurrency?: number | undefined;
  readonly stages?: string | undefined;
  readonly 'max-failures'?: string | undefined;
  readonly hold?: boolean | undefined;
  readonly expires?: number | undefined;
}

export type JobOptions = Omit<Extract<JobCreate, { call: unknown }>, 'call'>;

/** What the flags say of a job, for the hub. Throws usage. */
export function jobOptionsOf(selector: string, flags: JobChoice): JobOptions {
  const { concurrency, stages, hold, expires } = flags;
  const failures = flags['max-failures'];
  return {
    selector,
    start: hold !== true,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(stages === undefined ? {} : { stages: stages.split(',').map((part) => percentOf('stages', part)) }),
    ...(failures === undefined ? {} : { failuresMaxPercent: percentOf('max-failures', failures) }),
    ...(expires === undefined ? {} : { expiryMs: expires }),
  };
}

function percentOf(flag: string, text: string): number {
  const percent = /^\s*\d+(?:\.\d+)?\s*%?\s*$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(percent >= 0 && percent <= 100))
    throw new MusterError('usage', `--${flag} \`${text}\` is no percentage.`, { hint: `Write it as --${flag} ${flag === 'stages' ? '1,10,100' : '5%'}.` });
  return percent;
}
