import type { Group } from '../../domain/group.ts';
import type { GroupPath, ProjectId } from '../../domain/ids.ts';
import type { Statement } from '../commit-log.ts';
import type { ReadDatabase } from './database.ts';
import type { SystemStore } from './system-store.ts';

interface Row {
  readonly project: string;
  readonly path: string;
  readonly name: string;
  readonly level: string | null;
  readonly description: string | null;
  readonly labels: string;
  readonly selector: string | null;
  readonly attributes: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const ALL = 'select * from device_groups order by project, path';
const INSERT = `insert into device_groups (project, path, name, level, description, labels, selector, attributes, created_at, updated_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const ENSURE = `${INSERT} on conflict (project, path) do nothing`;
const UPDATE = `update device_groups set name = ?, level = ?, description = ?, labels = ?, selector = ?, attributes = ?, updated_at = ?
  where project = ? and path = ?`;
/** No character comes between the slash and `0`: what is below a group is one range of the key. */
const REMOVE = "delete from device_groups where project = ?1 and (path = ?2 or (path > ?2 || '/' and path < ?2 || '0'))";
const MOVE = `update device_groups set path = ?3 || substr(path, length(?2) + 1), updated_at = ?4
  where project = ?1 and (path = ?2 or (path > ?2 || '/' and path < ?2 || '0'))`;
/** Devices by their key, in one statement: a tree may hold a hundred thousand, and each would be a statement of its own. */
const MOVE_MEMBERS = `update devices set updated_at = ?4, groups = (select json_group_array(path) from (select distinct
    case when value = ?2 or substr(value, 1, length(?2) + 1) = ?2 || '/' then ?3 || substr(value, length(?2) + 1) else value end as path
    from json_each(devices.groups) order by path) where path is not null)
  where id in (select value from json_each(?1))`;

const JOIN = `update devices set updated_at = ?3, groups = (select json_group_array(value) from
    (select value from json_each(devices.groups) union select ?2 order by 1)) where id in (select value from json_each(?1))`;
const LEAVE = `update devices set updated_at = ?3, groups = (select json_group_array(value) from
    (select value from json_each(devices.groups) where value <> ?2 order by 1)) where id in (select value from json_each(?1))`;

export function createGroups(database: () => ReadDatabase): SystemStore['groups'] {
  return {
    all: async () => database().all<Row>(ALL).map(groupOf),
    insert: (group) => ({ sql: INSERT, parameters: valuesOf(group) }),
    ensure: (group) => ({ sql: ENSURE, parameters: valuesOf(group) }),
    update: (group) => ({
      sql: UPDATE,
      parameters: [
        group.name,
        group.level,
        group.description,
        JSON.stringify(group.labels),
        group.selector,
        JSON.stringify(group.attributes),
        group.updatedAt,
        group.project,
        group.path,
      ],
      mustChange: true,
    }),
    remove: (project, path) => ({ sql: REMOVE, parameters: [project, path], mustChange: true }),
    move: (project, from, to, at) => ({ sql: MOVE, parameters: [project, from, to, at], mustChange: true }),
    setMembers: (devices, path, isIn, at) => ({ sql: isIn ? JOIN : LEAVE, parameters: [JSON.stringify(devices), path, at] }),
    moveMembers: (devices, from, to, at) => ({ sql: MOVE_MEMBERS, parameters: [JSON.stringify(devices), from, to, at] }),
  };
}

function valuesOf(group: Group): Statement['parameters'] {
  return [
    group.project,
    group.path,
    group.name,
    group.level,
    group.description,
    JSON.stringify(group.labels),
    group.selector,
    JSON.stringify(group.attributes),
    group.createdAt,
    group.updatedAt,
  ];
}

function groupOf(row: Row): Group {
  return {
    project: row.project as ProjectId,
    path: row.path as GroupPath,
    name: row.name,
    level: row.level,
    description: row.description,
    labels: JSON.parse(row.labels) as Group['labels'],
    selector: row.selector,
    attributes: JSON.parse(row.attributes) as Group['attributes'],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
