import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

const SETS = 'select manifest_set as name, count(*) as objects from managed_objects where project = ? group by manifest_set order by manifest_set';
const PAGE = `select kind, name from managed_objects where project = ? and manifest_set = ? and (kind, name) > (?, ?) order by kind, name limit ?`;
/** One statement for many: whatever set they were in, they are in this one then. What is in it already does not count as a change. */
const ADD = `insert into managed_objects (project, kind, name, manifest_set)
  select ?1, value ->> 0, value ->> 1, ?2 from json_each(?3) where true
  on conflict (project, kind, name) do update set manifest_set = excluded.manifest_set where managed_objects.manifest_set <> excluded.manifest_set`;
const REMOVE = `delete from managed_objects where project = ?1 and manifest_set = ?2
  and (kind, name) in (select value ->> 0, value ->> 1 from json_each(?3))`;

export function createManifestSets(database: () => ReadDatabase): SystemStore['manifestSets'] {
  return {
    list: async (project) => database().all<{ name: string; objects: number }>(SETS, project),
    page: async (project, set, limit, after) => database().all<{ kind: string; name: string }>(PAGE, project, set, after?.kind ?? '', after?.name ?? '', limit),
    add: (project, set, objects) => ({ sql: ADD, parameters: [project, set, pairsOf(objects)] }),
    remove: (project, set, objects) => ({ sql: REMOVE, parameters: [project, set, pairsOf(objects)] }),
  };
}

function pairsOf(objects: readonly { readonly kind: string; readonly name: string }[]): string {
  return JSON.stringify(objects.map(({ kind, name }) => [kind, name]));
}
