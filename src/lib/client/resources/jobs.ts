import type { Job, JobCount, JobCreate, JobDevice, JobDeviceQuery } from '../../api/schema/jobs.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

const JOB_STEPS = ['start', 'pause', 'resume', 'cancel', 'retry'] as const;
export type JobStep = (typeof JOB_STEPS)[number];

export interface JobResources {
  readonly jobs: {
    create(job: JobCreate): Promise<Job>;
    /** How many devices a job with this selector would ask. */
    count(selector: string): Promise<JobCount>;
    /** The last made first. */
    list(options?: ListOptions): AsyncGenerator<Job>;
    show(id: string): Promise<Job>;
    /** In the order in which they are asked. */
    devices(id: string, filters?: Filters<JobDeviceQuery>, options?: ListOptions): AsyncGenerator<JobDevice>;
    step(id: string, step: JobStep): Promise<Job>;
  };
}

export function jobResources(connection: Connection): JobResources {
  return {
    jobs: {
      create: (body) => connection.request('POST', '/jobs', { body }),
      count: (selector) => connection.request('POST', '/jobs/count', { body: { selector } }),
      list: (list) => connection.pages('/jobs', {}, list),
      show: (id) => connection.request('GET', pathOf('jobs', id)),
      devices: (id, filters, list) => connection.pages(`${pathOf('jobs', id)}/devices`, filters, list),
      step: (id, step) => connection.request('POST', `${pathOf('jobs', id)}/${step}`),
    },
  };
}
