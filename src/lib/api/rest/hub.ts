import { z } from 'zod';
import type { Directory } from '../../fleet/directory.ts';
import { type Route, route } from '../route.ts';
import { Project, Whoami } from '../schema/access.ts';
import { pageOf } from '../schema/common.ts';
import { EventStreamMessage, EventStreamQuery } from '../schema/events.ts';
import { TimeAnswer, TimeQuestion } from '../schema/life.ts';
import { StreamMessage, StreamQuery } from '../schema/samples.ts';

export interface HubPorts {
  readonly directory: Directory;
  readonly clock: () => number;
  readonly version: string;
  readonly startedAt: number;
  readonly mqttUrl: () => string | null;
  /** What must hold for traffic to be taken: a name and a problem, or null. */
  readonly checks: () => Readonly<Record<string, string | null>>;
  /** What is worth knowing beside that: the hub takes traffic all the same. */
  readonly notes: () => Readonly<Record<string, string | null>>;
}

const Health = z.object({ status: z.enum(['ok', 'unavailable']), checks: z.record(z.string(), z.string()) });

export function hubRoutes({ directory, clock, version, startedAt, mqttUrl, checks, notes }: HubPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/health/live',
      tag: 'hub',
      summary: 'Does the process answer?',
      permission: 'open',
      responses: { 200: Health },
      handle: () => ({ status: 200, body: { status: 'ok', checks: {} } }),
    }),
    route({
      method: 'GET',
      path: '/health/ready',
      tag: 'hub',
      summary: 'Does the hub take traffic?',
      permission: 'open',
      responses: { 200: Health, 503: Health },
      handle() {
        const results = Object.entries(checks());
        const ready = results.every(([, problem]) => problem === null);
        return {
          status: ready ? 200 : 503,
          body: {
            status: ready ? 'ok' : 'unavailable',
            checks: Object.fromEntries([...results, ...Object.entries(notes())].map(([name, problem]) => [name, problem ?? 'ok'])),
          },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/time',
      tag: 'hub',
      summary: "The hub's clock, as an answer to the client's (t0) if it sends that: t1 and t2 as in NTP",
      permission: 'open',
      query: TimeQuestion,
      responses: { 200: TimeAnswer },
      handle({ query: { id, t0 } }) {
        const now = clock();
        return { status: 200, body: { ...(id !== undefined && { id }), ...(t0 !== undefined && { t0 }), t1: now, t2: now, time: now } };
      },
    }),
    route({
      method: 'GET',
      path: '/whoami',
      tag: 'access',
      summary: 'Whose credentials are these?',
      permission: 'authenticated',
      responses: { 200: Whoami },
      handle({ principal }) {
        if (principal.kind === 'open' || principal.kind === 'claim') throw new Error('such a principal never reaches an authenticated route');
        const hub = { version, time: clock(), startedAt, mqttUrl: mqttUrl() };
        const who =
          principal.kind === 'device'
            ? { name: principal.id, role: null, tokenId: null }
            : { name: principal.name, role: principal.role, tokenId: principal.kind === 'token' ? principal.id : principal.token };
        return { status: 200, body: { kind: principal.kind, ...who, project: principal.project, hub } };
      },
    }),
    route({
      method: 'GET',
      path: '/projects',
      tag: 'access',
      summary: 'The project of these credentials',
      permission: 'project:read',
      responses: { 200: pageOf(Project) },
      handle: ({ project }) => ({ status: 200, body: { items: [directory.projects.get(project)].filter((found) => found !== undefined), cursor: null } }),
    }),
    route({
      method: 'GET',
      path: '/stream',
      tag: 'samples',
      summary: 'Samples as they are stored (WebSocket)',
      description:
        'Ask for it as a WebSocket: each text message is a StreamMessage. The token goes into the Authorization header, or from a browser into the subprotocols: ' +
        "`new WebSocket(url, ['muster.v1', 'bearer.' + token])`. A subscriber that is too slow is told of the gap.",
      permission: 'sample:read',
      query: StreamQuery,
      responses: { 101: StreamMessage, 426: null },
      handle: () => ({ status: 426, headers: { upgrade: 'websocket' } }),
    }),
    route({
      method: 'GET',
      path: '/stream/events',
      tag: 'events',
      summary: 'Events as they are recorded (WebSocket)',
      description: 'As the stream of samples: each text message is an EventStreamMessage. Whoever comes back reads on with `GET /events?after=`.',
      permission: 'event:read',
      query: EventStreamQuery,
      responses: { 101: EventStreamMessage, 426: null },
      handle: () => ({ status: 426, headers: { upgrade: 'websocket' } }),
    }),
  ];
}
