import type { Job, JobConfigCreate, JobConfigPreview, JobConfigPreviewRequest, JobCount, JobCreate, JobDevice, JobDeviceQuery } from '../../api/schema/jobs.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

/** Of 100,000 devices, with a document for each. */
const PREVIEW_MS = 120_000;
const JOB_STEPS = ['start', 'pause', 'resume', 'cancel', 'retry'] as const;
export type JobStep = (typeof JOB_STEPS)[number];

export interface JobResources {
  readonly jobs: {
    create(job: JobCreate): Promise<Job>;
    /** Changes the configuration of many devices. */
    createConfig(job: JobConfigCreate): Promise<Job>;
    /** What that would do. The hub looks at each device: it may take its time. */
    previewConfig(request: JobConfigPreviewRequest): Promise<JobConfigPreview>;
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
      createConfig: (body) => connection.request('POST', '/jobs/config', { body }),
      previewConfig: (body) => connection.request('POST', '/jobs/config/preview', { body, timeoutMs: Math.max(connection.timeoutMs, PREVIEW_MS) }),
      count: (selector) => connection.request('POST', '/jobs/count', { body: { selector } }),
      list: (list) => connection.pages('/jobs', {}, list),
      show: (id) => connection.request('GET', pathOf('jobs', id)),
      devices: (id, filters, list) => connection.pages(`${pathOf('jobs', id)}/devices`, filters, list),
      step: (id, step) => connection.request('POST', `${pathOf('jobs', id)}/${step}`),
    },
  };
}
