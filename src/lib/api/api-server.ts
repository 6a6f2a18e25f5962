import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Authenticator } from '../access/access.ts';
import type { Principal, Resource } from '../access/principal.ts';
import type { Action } from '../access/roles.ts';
import type { ProjectId } from '../domain/ids.ts';
import { isNestedTooDeep, TOO_DEEP } from '../domain/json-text.ts';
import type { Log } from '../domain/log.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import { authenticate } from './authentication.ts';
import { type BodyBudget, createBodyBudget, SMALL_BODY_BYTES } from './body-budget.ts';
import { cutStalled } from './cut-stalled.ts';
import { asMusterError, goneAway, problemOf, refuseMalformed } from './problem.ts';
import type { Answer, Route, RouteRequest } from './route.ts';
import { Problem } from './schema/common.ts';

export const API_PREFIX = '/api/v1';

export interface ApiPorts {
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly authorize: (principal: Principal, action: Action, resource: Resource) => { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** A device of the project by id or alias; throws not_found. */
  readonly findDevice: (project: ProjectId, idOrAlias: string) => DeviceEntry;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => MusterError | null;
  /** Not null while the bodies of reports are not to be read. */
  readonly pressure: () => Promise<void> | null;
  /** A report that was larger than the hub takes, from whoever might have made it. */
  readonly onOversized: (report: OversizedReport) => void;
  readonly log: Log;
  readonly payloadBytesMax: number;
  /** Of all bodies that are being received. */
  readonly bodiesBytesMax: number;
  readonly timeouts: HttpTimeouts;
  /** null: no TLS. */
  readonly tls: TlsOptions | null;
  readonly version: string;
}

export interface OversizedReport {
  readonly device: DeviceEntry;
  readonly address: string | null;
  readonly path: string;
  /** As announced; 0 when the body came in chunks. */
  readonly bytes: number;
  readonly reason: string;
}

export interface HttpTimeouts {
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestMs: number;
  /** Longest time that the body of a report waits to be read. */
  readonly pressureMs: number;
  /** Longest time that the client of a streamed answer takes nothing of it. */
  readonly stallMs: number;
}

/** Then the connection ends with an answer: no client keeps one for ever, and a proxy in front spreads them anew. */
const REQUESTS_PER_CONNECTION_MAX = 100_000;
/** What nobody has logged in for is a user name and a password at most; a device that asks for its identity says who it is. */
const OPEN_BODY_BYTES_MAX = 16_384;

/** Builds the server and registers every route; listens to nothing yet. */
export async function createApiServer(ports: ApiPorts): Promise<FastifyInstance> {
  const log = failureLog(ports.log);
  const { headersMs, requestMs, pressureMs } = ports.timeouts;
  const budget = createBodyBudget(ports.bodiesBytesMax, pressureMs);
  const slowSenders = { headersTimeout: headersMs, connectionsCheckingInterval: Math.max(50, Math.min(5_000, headersMs / 4)) };
  const app = Fastify({
    bodyLimit: ports.payloadBytesMax,
    routerOptions: { maxParamLength: 1000 },
    requestTimeout: Math.max(requestMs, headersMs),
    maxRequestsPerSocket: REQUESTS_PER_CONNECTION_MAX,
    keepAliveTimeout: 65_000,
    // A client that takes nothing of its answer, or sends nothing of its request.
    connectionTimeout: 600_000,
    forceCloseConnections: 'idle',
    // The routes answer to the end, in the words of the catalogue.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseMalformed(socket, error),
    frameworkErrors: (error, request, reply) => void sendProblem(log, error, request, reply),
    ...(ports.tls ? { https: { ...ports.tls, ...slowSenders } } : { http: slowSenders }),
  }) as unknown as FastifyInstance<HttpServer>;
  // Asked for once, an address is known for good; of a connection that is gone it can no longer be asked, and its guesses would go uncounted.
  // Under TLS a request shows another socket than the connection did.
  for (const event of ['connection', 'secureConnection'] as const) app.server.on(event, (socket: Socket) => void socket.remoteAddress);
  app.setValidatorCompiler(validatorCompiler);
  // Answers are typed where they are made; checking each row again would only cost time.
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.decorateRequest('admitted', null);
  app.setErrorHandler((error, request, reply) => {
    if ((error as { readonly code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE') noteOversized(ports, request);
    sendProblem(log, error, request, reply);
  });
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
  parseJsonBodies(app);
  await app.register(async (scope) => {
    for (const route of ports.routes) if (!route.rawBody) register(scope, route, ports, budget, log);
  });
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const route of ports.routes) if (route.rawBody) register(scope, route, ports, budget, log);
  });
  app.get(`${API_PREFIX}/openapi.json`, { schema: { hide: true } }, () => app.swagger());
  return app as unknown as FastifyInstance;
}

/** As the framework parses them, but for what is nested so deep that checking or writing it would end in an overflow of the stack. */
function parseJsonBodies(app: FastifyInstance<HttpServer>): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    if (isNestedTooDeep(bytes)) done(new MusterError('invalid', `the body is refused: ${TOO_DEEP}`));
    else parse(request, bytes.toString('utf8'), done);
  });
}

/** What an answer without a JSON body is. */
const EMPTY: Readonly<Record<string, string>> = { 204: 'Done', 426: 'Ask for it as a WebSocket' };

function register(app: FastifyInstance, route: Route, ports: ApiPorts, budget: BodyBudget, log: FailureLog): void {
  const responses = Object.entries(route.responses).map(([status, schema]) => [status, schema ?? z.null().describe(EMPTY[status] ?? 'A file')]);
  app.route({
    method: route.method,
    url: urlOf(route),
    ...((route.permission === 'open' || route.permission === 'claim:use') && { bodyLimit: Math.min(OPEN_BODY_BYTES_MAX, ports.payloadBytesMax) }),
    // Before the body is read: nobody sends the hub a megabyte to be told that they may not.
    onRequest: async (request, reply) => {
      Object.assign(request, { admitted: await admit(route, ports, request, reply) });
      const bytes = bodyBytesOf(request, ports.payloadBytesMax);
      if (bytes > SMALL_BODY_BYTES) reply.raw.once('close', await budget.take(bytes, signalOf(reply)));
    },
    schema: {
      tags: [route.tag],
      summary: route.summary,
      description: [
        route.description,
        route.permission === 'open' ? 'No credentials.' : `Permission: ${[route.permission, route.alsoNeeds].filter(Boolean).join(', ')}.`,
      ]
        .filter(Boolean)
        .join(' '),
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
    handler: (request, reply) => answer(route, log, ports.timeouts.stallMs, request, reply),
  });
}

/** Where load balancers and Prometheus look by custom. */
const AT_ROOT = /^\/(?:health|metrics)(?:\/|$)/;

/** `/devices/{id}/points/{path}` is `/devices/:id/points/*` to the router: a point's path has slashes of its own. */
function urlOf(route: Route): string {
  const prefix = AT_ROOT.test(route.path) ? '' : API_PREFIX;
  return prefix + route.path.replace('{path}', '*').replaceAll(/\{(\w+)\}/g, ':$1');
}

async function answer(route: Route, log: FailureLog, stallMs: number, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const result = await route.handle(checkedRequest(request, reply));
  // Its status may have been sent already: then nobody but the log can be told.
  if ('stream' in result) {
    result.stream.once('error', (error) => log(asMusterError(error), request));
    cutStalled(reply.raw, stallMs);
  }
  return send(reply, result);
}

/** Who asks, for which project and device. */
interface Admitted {
  readonly route: Route;
  readonly principal: Principal;
  readonly project: ProjectId;
  readonly device: DeviceEntry;
}

type AdmittedRequest = FastifyRequest & { admitted: Admitted | null };

/** The one place where a request becomes allowed: who is it, whose device is it, may they, is there room. */
async function admit(route: Route, ports: ApiPorts, request: FastifyRequest, reply: FastifyReply): Promise<Admitted> {
  const params = request.params as Record<string, string>;
  const address = addressOf(request);
  if (address === null) throw goneAway();
  if (route.permission === 'open') return { route, principal: { kind: 'open' }, project: '' as ProjectId, device: NO_DEVICE };
  const principal = await authenticate(ports.authenticator, request.raw, address);
  if (principal.kind === 'open') throw new MusterError('not_logged_in', 'the request carries no credentials');
  if (principal.kind === 'claim' && route.permission === 'authenticated') throw new MusterError('not_allowed', 'a claim registers devices and nothing more');
  const { project } = principal;
  const wanted = request.headers['muster-project'];
  if (typeof wanted === 'string' && wanted !== '' && wanted !== project)
    throw new MusterError('not_allowed', `these credentials are of the project ${project}, not ${wanted.slice(0, 130)}`);
  const device = route.device === undefined ? NO_DEVICE : ports.findDevice(project, params[route.device] ?? '');
  if (route.permission !== 'authenticated') {
    const resource: Resource = route.device === undefined ? { project } : { project, device: device.device.id, parent: device.device.parent };
    for (const action of [route.permission, ...(route.alsoNeeds === undefined ? [] : [route.alsoNeeds])]) {
      const verdict = ports.authorize(principal, action, resource);
      if (!verdict.ok) throw new MusterError('not_allowed', verdict.reason);
    }
  }
  if (route.adds) {
    const closed = ports.closed();
    if (closed !== null) throw closed;
  }
  if (route.reports) await untilRead(ports, reply);
  return { route, principal, project, device };
}

/** Leaves the body of a report on the wire while the hub cannot follow, so that its sender slows down; then refuses. */
async function untilRead({ pressure, timeouts }: ApiPorts, reply: FastifyReply): Promise<void> {
  let waiting = pressure();
  if (waiting === null) return;
  const signal = signalOf(reply);
  const deadline = performance.now() + timeouts.pressureMs;
  let wake = () => {};
  const end = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const timer = setTimeout(wake, timeouts.pressureMs);
  signal.addEventListener('abort', wake);
  try {
    for (; waiting !== null; waiting = pressure()) {
      if (signal.aborted) throw goneAway();
      if (performance.now() >= deadline) throw new MusterError('overloaded', 'the hub cannot follow at the moment');
      await Promise.race([waiting, end]);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
  }
}

const RETRY_AFTER_PRESSURE_MS = 2_000;

function checkedRequest(request: FastifyRequest, reply: FastifyReply): RouteRequest<never, never, never> {
  const { admitted, headers } = request as AdmittedRequest;
  if (admitted === null) throw new Error('a request comes to its handler by way of its admission');
  const { principal, project, device } = admitted;
  return {
    params: request.params,
    query: request.query,
    body: request.body ?? Buffer.alloc(0),
    principal,
    project,
    device,
    address: addressOf(request),
    contentType: headers['content-type'] ?? null,
    idempotencyKey: idempotencyKeyOf(headers['idempotency-key']),
    path: pathOf(request),
    ifNoneMatch: headers['if-none-match'] ?? null,
    signal: signalOf(reply),
  } as unknown as RouteRequest<never, never, never>;
}

const KEY = /^[\x20-\x7e]{1,255}$/;

/** A structured-field string, or the bare text that most clients send (draft-ietf-httpapi-idempotency-key-header, section 2.1). */
function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const text = typeof header === 'string' ? header : '';
  const key = /^"(.*)"$/.exec(text)?.[1] ?? text;
  if (!KEY.test(key))
    throw new MusterError('invalid', 'the Idempotency-Key must have 1 to 255 visible ASCII characters', { details: { field: 'idempotency-key' } });
  return key;
}

function noteOversized(ports: ApiPorts, request: FastifyRequest): void {
  const { admitted } = request as AdmittedRequest;
  if (!admitted?.route.reports) return;
  const bytes = Number(request.headers['content-length'] ?? 0);
  ports.onOversized({
    device: admitted.device,
    address: addressOf(request),
    path: pathOf(request),
    bytes,
    reason: `the body is larger than ${ports.payloadBytesMax} bytes (limits.payload-bytes-max)`,
  });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
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
  // It may have gone while it was asked who it is: there is no second event then.
  if (reply.raw.socket === null || reply.raw.socket.destroyed) controller.abort();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

type FailureLog = (error: MusterError, request: FastifyRequest) => void;

const LOG_AGAIN_MS = 1_000;

/** Logs what is the hub's own fault. A full disk fails thousands of requests a second, so each code gets a line now and then. */
function failureLog(log: Log): FailureLog {
  const next = new Map<string, number>();
  return (error, request) => {
    // A full disk is told once, by who watches it.
    if (error.status < 500 || error.code === 'stopping' || error.code === 'disk_full') return;
    const now = performance.now();
    if (now < (next.get(error.code) ?? 0)) return;
    next.set(error.code, now + LOG_AGAIN_MS);
    log.error({ method: request.method, path: request.url.split('?', 1)[0], code: error.code, cause: error.cause ?? error }, error.message);
  };
}

function sendProblem(log: FailureLog, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = asMusterError(thrown);
  log(error, request);
  const retryAfterMs = error.details?.retryAfterMs ?? (error.code === 'overloaded' ? RETRY_AFTER_PRESSURE_MS : undefined);
  if (typeof retryAfterMs === 'number') reply.header('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="muster"');
  // The rest of a body that is too large is not read, nor that of a request that was refused before its body.
  if (error.status === 413 || leavesMuchUnread(request)) reply.header('connection', 'close');
  return reply.status(error.status).header('content-type', 'application/problem+json; charset=utf-8').send(problemOf(error));
}

/** As announced; as large as any may be when it comes in chunks. What is larger is refused without being read. */
function bodyBytesOf({ headers }: FastifyRequest, bytesMax: number): number {
  const announced = headers['content-length'];
  if (announced === undefined) return headers['transfer-encoding'] === undefined ? 0 : bytesMax;
  return Number(announced) <= bytesMax ? Number(announced) : 0;
}

/** To read a short body to its end keeps the connection; a long one, or one of unknown length, is not worth it. */
const UNREAD_BYTES_MAX = 65_536;

function leavesMuchUnread({ raw }: FastifyRequest): boolean {
  if (raw.complete) return false;
  const announced = raw.headers['content-length'];
  return announced === undefined ? raw.headers['transfer-encoding'] !== undefined : !(Number(announced) <= UNREAD_BYTES_MAX);
}
