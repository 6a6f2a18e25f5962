import type { z } from 'zod';
import type { EventId, ProjectId } from '../../domain/ids.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { AlarmStorage, EventFilter } from '../../storage/alarm-storage.ts';
import { EVENT_TABLE } from '../event-table.ts';
import type { ExportPlaces } from '../export-places.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { EventExportQuery, EventItem, EventQuery } from '../schema/events.ts';
import { eventFilterOf } from '../select-events.ts';
import { tableAnswer } from '../table-answer.ts';

export interface EventPorts {
  readonly fleet: Fleet;
  readonly alarming: AlarmStorage;
  readonly places: ExportPlaces;
}

export function eventRoutes({ fleet, alarming, places }: EventPorts): Route[] {
  const filterOf = (project: ProjectId, query: Omit<z.output<typeof EventQuery>, 'limit' | 'cursor'>): EventFilter => {
    const { from, to, after, order } = query;
    return {
      ...eventFilterOf(project, query, fleet),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(after !== undefined && { after: after as EventId }),
      oldestFirst: order === 'asc',
    };
  };
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
        const { limit, cursor } = query;
        return { status: 200, body: await alarming.events.list(filterOf(project, query), { limit, cursor }) };
      },
    }),
    route({
      method: 'GET',
      path: '/events/export',
      tag: 'events',
      summary: 'Export events as a file',
      description: 'The body is streamed; one that is cut short ends without its last chunk.',
      permission: 'event:read',
      query: EventExportQuery,
      responses: { 200: null },
      handle({ query, project, signal }) {
        const filter = filterOf(project, query);
        places.take(signal);
        const page = (limit: number, cursor: string | undefined) => alarming.events.list(filter, { limit, cursor });
        return tableAnswer(query, { name: 'events', columns: EVENT_TABLE, page }, signal);
      },
    }),
  ];
}
