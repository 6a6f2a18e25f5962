import { z } from 'zod';
import type { MaintenanceWindow } from '../../domain/rule-record.ts';
import type { Maintenances } from '../../supervision/supervision.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { Maintenance, MaintenanceCreate } from '../schema/rules.ts';

export interface MaintenancePorts {
  readonly maintenances: Maintenances;
  readonly clock: () => number;
}

export function maintenanceRoutes({ maintenances, clock }: MaintenancePorts): Route[] {
  function render(window: MaintenanceWindow): Maintenance {
    const now = clock();
    return { ...window, state: now < window.from ? 'announced' : now < window.to ? 'now' : 'over' };
  }

  return [
    route({
      method: 'GET',
      path: '/maintenances',
      tag: 'maintenances',
      summary: 'List maintenance windows by their beginning, those that ended in the last 30 days too',
      permission: 'rule:read',
      query: PageQuery,
      responses: { 200: pageOf(Maintenance) },
      handle({ query, project }) {
        const after = readCursor(query.cursor, ['number', 'string']);
        const behind = ({ from, id }: MaintenanceWindow): boolean => after === null || from > Number(after[0]) || (from === after[0] && id > String(after[1]));
        const page = takePage(maintenances.list(project).filter(behind), query.limit, ({ from, id }) => [from, id], render);
        return { status: 200, body: page };
      },
    }),
    route({
      method: 'POST',
      path: '/maintenances',
      adds: true,
      tag: 'maintenances',
      summary: 'Announce work on devices: their alarms are suppressed meanwhile',
      permission: 'rule:write',
      body: MaintenanceCreate,
      responses: { 201: Maintenance },
      async handle({ body, project, principal }) {
        const { scope, from = clock(), to, reason } = body;
        const window = await maintenances.create(project, { scope: scope as MaintenanceWindow['scope'], from, to, reason }, actorOf(principal));
        return { status: 201, body: render(window) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/maintenances/{id}',
      tag: 'maintenances',
      summary: 'End a maintenance at once, or call it off',
      permission: 'rule:write',
      params: z.object({ id: z.string().max(200) }),
      responses: { 204: null },
      async handle({ params, project, principal }) {
        await maintenances.delete(project, params.id, actorOf(principal));
        return { status: 204 };
      },
    }),
  ];
}
