import type { EventId } from '../../domain/ids.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { AlarmStorage } from '../../storage/alarm-storage.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { EventItem, EventQuery } from '../schema/events.ts';
import { eventFilterOf } from '../select-events.ts';

export interface EventPorts {
  readonly fleet: Fleet;
  readonly alarming: AlarmStorage;
}

export function eventRoutes({ fleet, alarming }: EventPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/events',
      tag: 'events',
      summary: 'The journal of what happened, from the last event, or behind one of them',
      description: 'A page may have fewer events than its limit, and none, before the last one: go on until its cursor is null.',
      permission: 'event:read',
      query: EventQuery,
      responses: { 200: pageOf(EventItem) },
      async handle({ query, project }) {
        const { from, to, after, order, limit, cursor } = query;
        const filter = {
          ...eventFilterOf(project, query, fleet),
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(after !== undefined && { after: after as EventId }),
          oldestFirst: order === 'asc',
        };
        return { status: 200, body: await alarming.events.list(filter, { limit, cursor }) };
      },
    }),
  ];
}
