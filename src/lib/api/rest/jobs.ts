import { z } from 'zod';
import type { Configurations } from '../../configuration/configurations.ts';
import type { Jobs, NewJob } from '../../control/jobs.ts';
import type { ConfigChange } from '../../domain/device-config.ts';
import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { JsonValue } from '../../domain/value.ts';
import type { JobRecord } from '../../storage/job-storage.ts';
import { actorOf } from '../actor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import {
  Job,
  JobConfigCreate,
  JobConfigPreview,
  JobConfigPreviewRequest,
  JobCount,
  JobCountRequest,
  JobCreate,
  JobDevice,
  JobDeviceQuery,
  JobPage,
} from '../schema/jobs.ts';
import { listOf } from '../select-points.ts';

export interface JobPorts {
  readonly jobs: Jobs;
  readonly configurations: Pick<Configurations, 'preview'>;
}

const ById = z.object({ id: z.string().max(100) });
type Step = 'start' | 'pause' | 'resume' | 'cancel' | 'retry';

const STEPS: Readonly<Record<Step, string>> = {
  start: 'Start a job that waits',
  pause: 'Pause a job: nothing new is asked, what is under way goes on',
  resume: 'Resume a job that is paused, or that stopped: the failures so far are let go',
  cancel: 'Cancel a job for good. What is under way is taken back',
  retry: 'Ask those devices again that failed or were cancelled',
};

export function jobRoutes({ jobs, configurations }: JobPorts): Route[] {
  async function make(project: ProjectId, wish: NewJob, start: boolean, actor: string) {
    const made = await jobs.create(project, wish, actor);
    return { status: 201, body: renderJob(start ? await jobs.start(project, made.id, actor) : made) };
  }

  return [
    route({
      method: 'POST',
      path: '/jobs',
      tag: 'jobs',
      summary: 'Ask many devices the same, in stages',
      description: 'Which devices is written down when the job is made. It starts at once unless `start` is false.',
      permission: 'command:write',
      body: JobCreate,
      adds: true,
      responses: { 201: Job },
      handle: ({ body, project, principal }) => make(project, wishOf(body), body.start, actorOf(principal)),
    }),
    route({
      method: 'POST',
      path: '/jobs/config',
      tag: 'jobs',
      summary: 'Change the configuration of many devices, in stages',
      description:
        'Which devices is written down when the job is made; what each is given is worked out when it is its turn, checked against the schema of its type, and a new version of its own. A device that has it already counts as applied.',
      permission: 'command:write',
      alsoNeeds: 'config:write',
      body: JobConfigCreate,
      adds: true,
      responses: { 201: Job },
      handle({ body, project, principal }) {
        const { config, start, ...options } = body;
        return make(project, { ...optionsOf(options), kind: 'config', name: null, value: config as JsonValue }, start, actorOf(principal));
      },
    }),
    route({
      method: 'POST',
      path: '/jobs/config/preview',
      tag: 'jobs',
      summary: 'What a job over configurations would change, and on how many devices; nothing is done',
      permission: 'command:read',
      alsoNeeds: 'config:read',
      body: JobConfigPreviewRequest,
      responses: { 200: JobConfigPreview },
      async handle({ body, project, signal }) {
        const devices = await jobs.fitting(project, body.selector);
        return { status: 200, body: await configurations.preview(project, devices, body.config as ConfigChange, signal) };
      },
    }),
    route({
      method: 'POST',
      path: '/jobs/count',
      tag: 'jobs',
      summary: 'How many devices a job with this selector would ask',
      permission: 'command:read',
      body: JobCountRequest,
      responses: { 200: JobCount },
      async handle({ body, project }) {
        return { status: 200, body: { devices: (await jobs.fitting(project, body.selector)).length } };
      },
    }),
    route({
      method: 'GET',
      path: '/jobs',
      tag: 'jobs',
      summary: 'List jobs, the last made first',
      permission: 'command:read',
      query: PageQuery,
      responses: { 200: JobPage },
      async handle({ query, project }) {
        const { items, cursor } = await jobs.list(project, query);
        return { status: 200, body: { items: items.map(renderJob), cursor } };
      },
    }),
    route({
      method: 'GET',
      path: '/jobs/{id}',
      tag: 'jobs',
      summary: 'Show a job, and how many of its devices are where',
      permission: 'command:read',
      params: ById,
      responses: { 200: Job },
      async handle({ params, project }) {
        return { status: 200, body: renderJob(await jobs.get(project, params.id as JobId)) };
      },
    }),
    route({
      method: 'GET',
      path: '/jobs/{id}/devices',
      tag: 'jobs',
      summary: 'List the devices of a job, in the order in which they are asked',
      permission: 'command:read',
      params: ById,
      query: JobDeviceQuery,
      responses: { 200: pageOf(JobDevice) },
      async handle({ params, query, project }) {
        const { items, cursor } = await jobs.devices(project, params.id as JobId, listOf(query.state) ?? null, query);
        return { status: 200, body: { items: items.map(({ job: _job, ...device }) => device), cursor } };
      },
    }),
    ...(Object.keys(STEPS) as Step[]).map((step) => stepRoute(jobs, step)),
  ];
}

function stepRoute(jobs: Jobs, step: Step): Route {
  return route({
    method: 'POST',
    path: `/jobs/{id}/${step}`,
    tag: 'jobs',
    summary: STEPS[step],
    permission: 'command:write',
    params: ById,
    responses: { 200: Job },
    async handle({ params, project, principal }) {
      const take = (given: ProjectId, id: JobId, actor: string): Promise<JobRecord> => jobs[step](given, id, actor);
      return { status: 200, body: renderJob(await take(project, params.id as JobId, actorOf(principal))) };
    },
  });
}

function wishOf(body: z.output<typeof JobCreate>): NewJob {
  const common = optionsOf(body);
  if ('set' in body) return { ...common, kind: 'set', name: null, value: body.set.values as JsonValue };
  return { ...common, kind: 'call', name: body.call.name, value: (body.call.args ?? null) as JsonValue };
}

function optionsOf(body: Omit<z.output<typeof JobConfigCreate>, 'config' | 'start'>): Omit<NewJob, 'kind' | 'name' | 'value'> {
  const { selector, concurrency, stages, failuresMaxPercent, expiryMs = null } = body;
  return { selector, concurrency, stages, failuresMaxPercent, expiryMs };
}

function renderJob({ project: _project, ...job }: JobRecord): Job {
  return { ...job, stages: [...job.stages] };
}
