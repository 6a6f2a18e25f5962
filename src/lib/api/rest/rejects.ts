import { z } from 'zod';
import type { RejectRecord, SystemStore } from '../../storage/system/system-store.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { Reject } from '../schema/fleet.ts';

export function rejectRoutes({ rejects }: Pick<SystemStore, 'rejects'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/devices/{id}/rejects',
      tag: 'devices',
      summary: 'What was not taken from a device and why, newest first',
      permission: 'reject:read',
      params: z.object({ id: z.string().max(200) }),
      query: PageQuery,
      device: 'id',
      responses: { 200: pageOf(Reject) },
      handle: async ({ device, query }) => ({ status: 200, body: rendered(await rejects.list(device.device.id, query)) }),
    }),
    route({
      method: 'GET',
      path: '/rejects',
      tag: 'devices',
      summary: 'What was not taken in the whole project, newest first',
      permission: 'reject:read',
      query: PageQuery,
      responses: { 200: pageOf(Reject) },
      handle: async ({ project, query }) => ({ status: 200, body: rendered(await rejects.listOfProject(project, query)) }),
    }),
  ];
}

function rendered(page: { readonly items: readonly RejectRecord[]; readonly cursor: string | null }) {
  return { items: page.items.map(({ project: _project, ...shown }) => shown), cursor: page.cursor };
}
