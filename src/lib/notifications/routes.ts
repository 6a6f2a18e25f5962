import type { Actor, EventKind, HubEvent } from '../domain/event.ts';
import { type ChannelId, isName, NAME_RULE, type ProjectId, type RouteId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { Route } from '../domain/notification.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { ChangeOrder } from '../fleet/change-order.ts';
import { commitOrExplain } from '../fleet/commit-or-explain.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog, Statement } from '../storage/commit-log.ts';
import { type CompiledRoute, compileRoute } from './compile-route.ts';

type Document = { readonly [name: string]: JsonValue };

/** The routes of the hub. A change is in force when its promise resolves. */
export interface Routes {
  /** By id. */
  list(project: ProjectId): readonly Route[];
  /** Throws not_found. */
  get(project: ProjectId, id: string): Route;
  /** Throws `invalid` with every problem of the document (details.problems), invalid_name, conflict, limit_reached. */
  create(
    project: ProjectId,
    route: { readonly id: string; readonly enabled: boolean; readonly channels: readonly string[]; readonly document: Document },
    actor: Actor,
  ): Promise<Route>;
  /** The parts that are given take the place of those that are there, as they are then; null takes one of the document away. */
  update(
    project: ProjectId,
    id: string,
    change: { readonly enabled?: boolean | undefined; readonly channels?: readonly string[] | undefined; readonly parts?: Document | undefined },
    actor: Actor,
  ): Promise<Route>;
  delete(project: ProjectId, id: string, actor: Actor): Promise<void>;
}

export interface HotRoutes extends Routes {
  load(): Promise<void>;
  /** Those that can be read, enabled or not, by id. */
  compiled(project: ProjectId): readonly CompiledRoute[];
  find(project: ProjectId, id: string): CompiledRoute | undefined;
  projects(): Iterable<ProjectId>;
}

export interface RoutesPorts {
  readonly storage: Pick<AlarmStorage, 'routes' | 'events'>;
  readonly log: CommitLog;
  readonly recorder: Pick<EventRecorder, 'complete'>;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly order: ChangeOrder;
  readonly clock: () => number;
  readonly hubLog: Log;
  readonly routesPerProjectMax: number;
  readonly hasChannel: (project: ProjectId, id: string) => boolean;
}

const CHANNELS_MAX = 20;

export function createRoutes(ports: RoutesPorts): HotRoutes {
  const { storage, log, recorder, stream, order, clock } = ports;
  const byProject = new Map<ProjectId, Map<string, { readonly route: Route; readonly compiled: CompiledRoute | null }>>();
  /** By id, made again after a change: it is asked for every alarm change. */
  const sorted = new Map<ProjectId, readonly CompiledRoute[]>();

  function put(route: Route, compiled: CompiledRoute | null): void {
    const known = byProject.get(route.project);
    if (known) known.set(route.id, { route, compiled });
    else byProject.set(route.project, new Map([[route.id, { route, compiled }]]));
    sorted.delete(route.project);
  }
  const found = (project: ProjectId, id: string): Route => {
    const known = byProject.get(project)?.get(id);
    if (known === undefined) throw noRoute(id);
    return known.route;
  };

  function check(route: Route): CompiledRoute {
    const { channels, project } = route;
    const result = compileRoute(route);
    const problems = result.ok ? [] : [...result.problems];
    if (channels.length === 0) problems.push({ path: 'channels', message: 'must name at least one channel' });
    if (channels.length > CHANNELS_MAX) problems.push({ path: 'channels', message: `must name at most ${CHANNELS_MAX} channels` });
    if (new Set(channels).size < channels.length) problems.push({ path: 'channels', message: 'must name each channel once' });
    for (const [index, id] of channels.entries())
      if (!ports.hasChannel(project, id)) problems.push({ path: `channels.${index}`, message: `there is no channel ${id.slice(0, 130)}` });
    if (result.ok && problems.length === 0) return result.compiled;
    const text = problems.slice(0, 5).map(({ path, message }) => `${path === '' ? 'the document' : path}: ${message}`);
    throw new MusterError('invalid', `the route is wrong: ${text.join('; ')}`, { details: { problems } });
  }

  async function commit(route: Route, compiled: CompiledRoute | null, statement: Statement, kind: EventKind, text: string, actor: Actor): Promise<void> {
    const event: HubEvent = recorder.complete({
      ...{ project: route.project, time: clock(), kind, actor, severity: null, device: null, point: null, alarm: null, rule: null },
      text: `route ${route.id} ${text}`,
      details: { route: route.id, enabled: route.enabled, channels: route.channels, document: route.document },
    });
    await commitOrExplain(log, [statement, storage.events.insert([event])], {
      unique: () => exists(route.id),
      reference: () => new MusterError('not_found', 'the project does not exist'),
      stale: () => noRoute(route.id),
    });
    if (kind === 'route.deleted') {
      byProject.get(route.project)?.delete(route.id);
      sorted.delete(route.project);
    } else put(route, compiled);
    stream.publish([event]);
  }

  return {
    async load() {
      for (const route of await storage.routes.all()) {
        const result = compileRoute(route);
        if (!result.ok)
          ports.hubLog.error({ project: route.project, route: route.id, problems: result.problems }, 'a route cannot be read; nobody is told by it');
        put(route, result.ok ? result.compiled : null);
      }
    },
    projects: () => byProject.keys(),
    compiled(project) {
      const known = sorted.get(project);
      if (known !== undefined) return known;
      const routes = [...(byProject.get(project)?.values() ?? [])]
        .flatMap(({ compiled }) => compiled ?? [])
        .sort((one, other) => (one.route.id < other.route.id ? -1 : 1));
      sorted.set(project, routes);
      return routes;
    },
    find: (project, id) => byProject.get(project)?.get(id)?.compiled ?? undefined,
    list: (project) => [...(byProject.get(project)?.values() ?? [])].map(({ route }) => route).sort((one, other) => (one.id < other.id ? -1 : 1)),
    get: found,
    create: (project, { id, enabled, channels, document }, actor) =>
      order.alone(async () => {
        if (!isName(id)) throw new MusterError('invalid_name', `the id of a route must be ${NAME_RULE}`, { details: { field: 'id' } });
        const known = byProject.get(project);
        if (known?.has(id)) throw exists(id);
        if ((known?.size ?? 0) >= ports.routesPerProjectMax)
          throw new MusterError('limit_reached', `the project has ${ports.routesPerProjectMax} routes already (limits.routes-per-project)`);
        const now = clock();
        const route: Route = { id: id as RouteId, project, enabled, channels: channels as readonly ChannelId[], document, createdAt: now, updatedAt: now };
        await commit(route, check(route), storage.routes.insert(route), 'route.created', 'was made', actor);
        return route;
      }),
    update: (project, id, change, actor) =>
      order.alone(async () => {
        const former = found(project, id);
        const route: Route = {
          ...former,
          enabled: change.enabled ?? former.enabled,
          channels: (change.channels as readonly ChannelId[] | undefined) ?? former.channels,
          document: change.parts === undefined ? former.document : merged(former.document, change.parts),
          updatedAt: clock(),
        };
        const only = change.channels === undefined && change.parts === undefined;
        // One that cannot be read may be disabled all the same.
        const compiled = only && !route.enabled ? (byProject.get(project)?.get(id)?.compiled ?? null) : check(route);
        await commit(
          route,
          compiled === null ? null : { ...compiled, route },
          storage.routes.update(route),
          'route.updated',
          only ? (route.enabled ? 'was enabled' : 'was disabled') : 'was changed',
          actor,
        );
        return route;
      }),
    delete: (project, id, actor) =>
      order.alone(async () => {
        const route = found(project, id);
        await commit(route, null, storage.routes.remove(project, route.id), 'route.deleted', 'was deleted', actor);
      }),
  };
}

function merged(document: Document, parts: Document): Document {
  return Object.fromEntries(Object.entries<JsonValue>({ ...document, ...parts }).filter(([, value]) => value !== null));
}

function noRoute(id: string): MusterError {
  return new MusterError('not_found', `there is no route ${id.slice(0, 130)}`, { hint: 'List them with `muster route list`.' });
}

function exists(id: string): MusterError {
  return new MusterError('conflict', `there is a route ${id} already`, { hint: 'Choose another id, or update that one.' });
}
