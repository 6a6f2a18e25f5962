import type { Server as HttpServer } from 'node:http';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Authenticator } from '../access/access.ts';
import type { Principal, Resource } from '../access/principal.ts';
import type { Action } from '../access/roles.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import { authenticate } from './authentication.ts';
import { asMusterError, problemOf, refuseMalformed } from './problem.ts';
import type { Answer, Route, RouteRequest } from './route.ts';
import { Problem } from './schema/common.ts';

export const API_PREFIX = '/api/v1';

export interface ApiPorts {
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly authorize: (principal: Principal, action: Action, resource: Resource) => { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** A device of the project by id or alias; throws not_found. */
  readonly findDevice: (project: ProjectId, idOrAlias: string) => DeviceEntry;
  readonly log: Log;
  readonly payloadBytesMax: number;
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer } | null;
  readonly version: string;
}

/** Builds the server and registers every route; listens to nothing yet. */
export async function createApiServer(ports: ApiPorts): Promise<FastifyInstance> {
  const log = failureLog(ports.log);
  const app = Fastify({
    bodyLimit: ports.payloadBytesMax,
    routerOptions: { maxParamLength: 1000 },
    requestTimeout: 120_000,
    keepAliveTimeout: 65_000,
    // A client that takes nothing of its answer, or sends nothing of its request.
    connectionTimeout: 600_000,
    forceCloseConnections: 'idle',
    // The routes answer to the end, in the words of the catalogue.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseMalformed(socket, error),
    frameworkErrors: (error, request, reply) => void sendProblem(log, error, request, reply),
    ...(ports.tls && { https: { cert: ports.tls.cert, key: ports.tls.key, minVersion: 'TLSv1.2' as const } }),
  }) as unknown as FastifyInstance<HttpServer>;
  // Asked for once, an address is known for good; of a connection that is gone it can no longer be asked, and its guesses would go uncounted.
  app.server.on('connection', (socket) => void socket.remoteAddress);
  app.setValidatorCompiler(validatorCompiler);
  // Answers are typed where they are made; checking each row again would only cost time.
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.setErrorHandler((error, request, reply) => sendProblem(log, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(log, new MusterError('not_found', `there is no route ${request.method} ${request.url.slice(0, 200)}`), request, reply),
  );
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Muster',
        version: ports.version,
        description: 'The API of a Muster hub. Errors are problem documents (RFC 9457) with a stable code.',
        license: { name: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, device: { type: 'http', scheme: 'basic' } } },
    },
    // The wildcard of the router is the parameter `path` to everybody else.
    transform(input) {
      const { schema, url } = jsonSchemaTransform(input);
      return { schema, url: url.replace('*', ':path') };
    },
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(async (scope) => {
    for (const route of ports.routes) if (!route.rawBody) register(scope, route, ports, log);
  });
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const route of ports.routes) if (route.rawBody) register(scope, route, ports, log);
  });
  app.get(`${API_PREFIX}/openapi.json`, { schema: { hide: true } }, () => app.swagger());
  return app as unknown as FastifyInstance;
}

/** What an answer without a JSON body is. */
const EMPTY: Readonly<Record<string, string>> = { 204: 'Done', 426: 'Ask for it as a WebSocket' };

function register(app: FastifyInstance, route: Route, ports: ApiPorts, log: FailureLog): void {
  const responses = Object.entries(route.responses).map(([status, schema]) => [status, schema ?? z.null().describe(EMPTY[status] ?? 'A file')]);
  app.route({
    method: route.method,
    url: urlOf(route),
    schema: {
      tags: [route.tag],
      summary: route.summary,
      description: [route.description, route.permission === 'open' ? 'No credentials.' : `Permission: ${route.permission}.`].filter(Boolean).join(' '),
      ...(route.permission !== 'open' && { security: [{ bearer: [] }, { device: [] }] }),
      ...(route.params && { params: route.params }),
      ...(route.query && { querystring: route.query }),
      ...(route.body && { body: route.body }),
      response: { ...Object.fromEntries(responses), '4xx': Problem, '5xx': Problem },
    },
    // The router calls what a wildcard took `*`; the schema, and who reads it, call it `path`.
    preValidation: (request, _reply, done) => {
      const params = request.params as Record<string, string>;
      if (params['*'] !== undefined) params.path = params['*'];
      done();
    },
    handler: (request, reply) => answer(route, ports, log, request, reply),
  });
}

/** Where load balancers and Prometheus look by custom. */
const AT_ROOT = /^\/(?:health|metrics)(?:\/|$)/;

/** `/devices/{id}/points/{path}` is `/devices/:id/points/*` to the router: a point's path has slashes of its own. */
function urlOf(route: Route): string {
  const prefix = AT_ROOT.test(route.path) ? '' : API_PREFIX;
  return prefix + route.path.replace('{path}', '*').replaceAll(/\{(\w+)\}/g, ':$1');
}

async function answer(route: Route, ports: ApiPorts, log: FailureLog, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const result = await route.handle(await checkedRequest(route, ports, request, reply));
  // Its status may have been sent already: then nobody but the log can be told.
  if ('stream' in result) result.stream.once('error', (error) => log(asMusterError(error), request));
  return send(reply, result);
}

/** The one place where a request becomes allowed: who is it, whose device is it, may they. */
async function checkedRequest(route: Route, ports: ApiPorts, request: FastifyRequest, reply: FastifyReply): Promise<RouteRequest<never, never, never>> {
  const params = request.params as Record<string, string>;
  const base = {
    params,
    query: request.query,
    body: request.body ?? Buffer.alloc(0),
    address: addressOf(request),
    contentType: request.headers['content-type'] ?? null,
    path: request.url.split('?', 1)[0] ?? '',
    signal: signalOf(reply),
  };
  if (route.permission === 'open')
    return { ...base, principal: { kind: 'open' }, project: '' as ProjectId, device: NO_DEVICE } as unknown as RouteRequest<never, never, never>;
  const principal = await authenticate(ports.authenticator, request.headers, base.address);
  if (principal.kind === 'open') throw new MusterError('not_logged_in', 'the request carries no credentials');
  const { project } = principal;
  const wanted = request.headers['muster-project'];
  if (typeof wanted === 'string' && wanted !== '' && wanted !== project)
    throw new MusterError('not_allowed', `these credentials are of the project ${project}, not ${wanted.slice(0, 130)}`);
  const device = route.device === undefined ? NO_DEVICE : ports.findDevice(project, params[route.device] ?? '');
  if (route.permission !== 'authenticated') {
    const resource: Resource = route.device === undefined ? { project } : { project, device: device.device.id, parent: device.device.parent };
    const verdict = ports.authorize(principal, route.permission, resource);
    if (!verdict.ok) throw new MusterError('not_allowed', verdict.reason);
  }
  return { ...base, principal, project, device } as unknown as RouteRequest<never, never, never>;
}

/** A client may be gone by now. null when it was so before anybody asked for its address. */
function addressOf(request: FastifyRequest): string | null {
  return (request.ip as string | undefined) ?? null;
}

/** Stands in for the device of a route that names none; such a handler never looks at it. */
const NO_DEVICE = null as unknown as DeviceEntry;

function send(reply: FastifyReply, result: Answer): FastifyReply {
  reply.status(result.status);
  for (const [name, value] of Object.entries(result.headers ?? {})) reply.header(name, value);
  if ('stream' in result) return reply.send(result.stream);
  if (result.body === undefined) return reply.send();
  if (result.headers?.['content-type'] === undefined) reply.header('content-type', 'application/json; charset=utf-8');
  return reply.send(result.body);
}

function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

type FailureLog = (error: MusterError, request: FastifyRequest) => void;

const LOG_AGAIN_MS = 1_000;

/** Logs what is the hub's own fault. A full disk fails thousands of requests a second, so each code gets a line now and then. */
function failureLog(log: Log): FailureLog {
  const next = new Map<string, number>();
  return (error, request) => {
    if (error.status < 500 || error.code === 'stopping') return;
    const now = performance.now();
    if (now < (next.get(error.code) ?? 0)) return;
    next.set(error.code, now + LOG_AGAIN_MS);
    log.error({ method: request.method, path: request.url.split('?', 1)[0], code: error.code, cause: error.cause ?? error }, error.message);
  };
}

function sendProblem(log: FailureLog, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = asMusterError(thrown);
  log(error, request);
  const retryAfterMs = error.details?.retryAfterMs;
  if (typeof retryAfterMs === 'number') reply.header('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="muster"');
  // The rest of a body that is too large is not read.
  if (error.status === 413) reply.header('connection', 'close');
  return reply.status(error.status).header('content-type', 'application/problem+json; charset=utf-8').send(problemOf(error));
}
