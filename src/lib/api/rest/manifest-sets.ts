import { z } from 'zod';
import { commitOrExplain } from '../../fleet/commit-or-explain.ts';
import type { SystemStore } from '../../storage/system/system-store.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { ManagedObject, ManifestSet, ManifestSetChange, ManifestSetQuery, SetName } from '../schema/manifests.ts';

export interface ManifestSetPorts {
  readonly system: Pick<SystemStore, 'log' | 'manifestSets'>;
}

const ByName = z.object({ name: SetName });

export function manifestSetRoutes(ports: ManifestSetPorts): Route[] {
  const sets = () => ports.system.manifestSets;
  return [
    route({
      method: 'GET',
      path: '/manifest-sets',
      tag: 'manifests',
      summary: 'List the sets of objects that are managed as code',
      permission: 'device:read',
      responses: { 200: z.object({ items: z.array(ManifestSet) }) },
      handle: async ({ project }) => ({ status: 200, body: { items: await sets().list(project) } }),
    }),
    route({
      method: 'GET',
      path: '/manifest-sets/{name}/objects',
      tag: 'manifests',
      summary: 'List the objects of a set, by kind and name; of one that nobody has used, none',
      permission: 'device:read',
      params: ByName,
      query: ManifestSetQuery,
      responses: { 200: pageOf(ManagedObject) },
      async handle({ params, query, project }) {
        const cursor = readCursor(query.cursor, ['string', 'string']);
        const after = cursor === null ? null : { kind: String(cursor[0]), name: String(cursor[1]) };
        const rows = (await sets().page(project, params.name, query.limit + 1, after)) as ManagedObject[];
        const page = takePage(
          rows,
          query.limit,
          ({ kind, name }) => [kind, name],
          (row) => row,
        );
        return { status: 200, body: page };
      },
    }),
    route({
      method: 'POST',
      path: '/manifest-sets/{name}/objects',
      tag: 'manifests',
      summary: 'Say which objects a set manages; the objects themselves are not touched',
      permission: 'device:write',
      params: ByName,
      body: ManifestSetChange,
      responses: { 204: null },
      async handle({ params, body, project }) {
        const { add, remove } = body;
        const statements = [
          ...(add.length === 0 ? [] : [sets().add(project, params.name, add)]),
          ...(remove.length === 0 ? [] : [sets().remove(project, params.name, remove)]),
        ];
        if (statements.length > 0) await commitOrExplain(ports.system.log, statements, {});
        return { status: 204 };
      },
    }),
  ];
}
