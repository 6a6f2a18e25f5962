import { z } from 'zod';
import type { Route as NotificationRoute } from '../../domain/notification.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Notifications } from '../../notifications/create-notifications.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { RouteCreate, RouteTest, RouteTestResult, RouteUpdate, Route as ShownRoute } from '../schema/notifications.ts';

export interface NotificationRoutePorts {
  readonly notifications: Pick<Notifications, 'routes' | 'explain'>;
  readonly fleet: Fleet;
  readonly clock: () => number;
}

type Document = NotificationRoute['document'];

const ById = z.object({ id: z.string().max(200) });

export function notificationRoutes({ notifications, fleet, clock }: NotificationRoutePorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/routes',
      tag: 'notifications',
      summary: 'List routes by id',
      permission: 'channel:read',
      query: PageQuery,
      responses: { 200: pageOf(ShownRoute) },
      handle({ query, project }) {
        const after = readCursor(query.cursor, ['string'])?.[0];
        const rest = notifications.routes.list(project).filter(({ id }) => after === undefined || id > after);
        return { status: 200, body: takePage(rest, query.limit, ({ id }) => [id], shown) };
      },
    }),
    route({
      method: 'POST',
      path: '/routes',
      adds: true,
      tag: 'notifications',
      summary: 'Make a route: which alarms go to which channels, and when',
      permission: 'channel:write',
      body: RouteCreate,
      responses: { 201: ShownRoute },
      async handle({ body, project, principal }) {
        const { id, enabled, channels, ...document } = body;
        return {
          status: 201,
          body: shown(await notifications.routes.create(project, { id, enabled, channels, document: plain(document) }, actorOf(principal))),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/routes/test',
      tag: 'notifications',
      summary: 'Which channels would an alarm like this reach, and why not the others',
      permission: 'channel:read',
      body: RouteTest,
      responses: { 200: RouteTestResult },
      handle({ body, project }) {
        const device = body.device === undefined ? null : fleet.device(project, body.device).device;
        const question = {
          ...{ severity: body.severity, cause: body.cause, rule: body.rule, labels: body.labels, device },
          point: body.point ?? null,
          group: body.group ?? null,
          time: body.time ?? clock(),
        };
        return { status: 200, body: { routes: notifications.explain(project, question) } };
      },
    }),
    route({
      method: 'GET',
      path: '/routes/{id}',
      tag: 'notifications',
      summary: 'Show a route',
      permission: 'channel:read',
      params: ById,
      responses: { 200: ShownRoute },
      handle: ({ params, project }) => ({ status: 200, body: shown(notifications.routes.get(project, params.id)) }),
    }),
    route({
      method: 'PATCH',
      path: '/routes/{id}',
      tag: 'notifications',
      summary: 'Change a route: the parts that are given take the place of those that are there, null takes one away',
      permission: 'channel:write',
      params: ById,
      body: RouteUpdate,
      responses: { 200: ShownRoute },
      async handle({ params, body, project, principal }) {
        const { enabled, channels, ...parts } = body;
        const changes = Object.keys(parts).length > 0;
        const change = {
          ...(enabled !== undefined && { enabled }),
          ...(channels !== undefined && { channels }),
          ...(changes && { parts: plain(parts) }),
        };
        return { status: 200, body: shown(await notifications.routes.update(project, params.id, change, actorOf(principal))) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/routes/{id}',
      tag: 'notifications',
      summary: 'Delete a route; what waits by it is still told',
      permission: 'channel:write',
      params: ById,
      responses: { 204: null },
      async handle({ params, project, principal }) {
        await notifications.routes.delete(project, params.id, actorOf(principal));
        return { status: 204 };
      },
    }),
  ];
}

function shown({ document, ...record }: NotificationRoute) {
  return { ...document, ...record, channels: [...record.channels] };
}

/** Without parts that are undefined: what is stored is what was given. */
function plain(document: object): Document {
  return JSON.parse(JSON.stringify(document)) as Document;
}
