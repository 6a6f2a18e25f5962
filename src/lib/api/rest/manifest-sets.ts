import { z } from 'zod';
import type { ProjectId } from '../../domain/ids.ts';
import type { EventRecorder, NewEvent } from '../../events/event-recorder.ts';
import { commitOrExplain } from '../../fleet/commit-or-explain.ts';
import type { SystemStore } from '../../storage/system/system-store.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { ManagedObject, ManifestSet, ManifestSetChange, ManifestSetQuery, SetName } from '../schema/manifests.ts';

export interface ManifestSetPorts {
  readonly system: Pick<SystemStore, 'log' | 'manifestSets'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: () => number;
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
      async handle({ params, body, project, principal }) {
        const { add, remove } = body;
        const statements = [
          ...(add.length === 0 ? [] : [sets().add(project, params.name, add)]),
          ...(remove.length === 0 ? [] : [sets().remove(project, params.name, remove)]),
        ];
        if (statements.length === 0) return { status: 204 };
        const { changes } = await commitOrExplain(ports.system.log, statements, {});
        const added = add.length === 0 ? 0 : (changes[0] ?? 0);
        // What was deleted is in no set any more: nobody asks to take out what is not to be gone.
        const removed = remove.length;
        // An apply that changes nothing names all of its objects as well: those do not count.
        if (added + removed > 0) ports.recorder.record(setChanged(project, params.name, { added, removed }, body, actorOf(principal), ports.clock()));
        return { status: 204 };
      },
    }),
  ];
}

/** Of those that a request names; the journal is no place for ten thousand. */
const NAMED_MAX = 100;

function setChanged(
  project: ProjectId,
  set: string,
  { added, removed }: { readonly added: number; readonly removed: number },
  { add, remove }: z.output<typeof ManifestSetChange>,
  actor: string,
  time: number,
): NewEvent {
  const what = [...(added === 0 ? [] : [`put ${objects(added)} into`]), ...(removed === 0 ? [] : [`took ${objects(removed)} out of`])].join(' and ');
  const named = (list: readonly ManagedObject[]) => list.slice(0, NAMED_MAX).map(({ kind, name }) => `${kind} ${name}`);
  return {
    ...{ project, time, kind: 'manifest-set.changed', actor, severity: null, device: null, point: null, alarm: null, rule: null },
    text: `${actor} ${what} the manifest set ${set}`,
    details: { set, added, removed, put: named(add), took: named(remove) },
  };
}

function objects(count: number): string {
  return `${count} object${count === 1 ? '' : 's'}`;
}
