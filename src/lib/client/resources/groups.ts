import type {
  Group,
  GroupCreate,
  GroupDeleted,
  GroupMembers,
  GroupMembersChanged,
  GroupMove,
  GroupMoved,
  GroupQuery,
  GroupTrend,
  GroupTrendQuery,
  GroupUpdate,
  Rollup,
  RollupQuery,
} from '../../api/schema/groups.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { encodeLevels } from '../hub-url.ts';

export interface GroupResources {
  readonly groups: {
    /** As a tree is read. */
    list(filters?: Filters<GroupQuery>, options?: ListOptions): AsyncGenerator<Group>;
    create(group: GroupCreate): Promise<Group>;
    show(path: string): Promise<Group>;
    update(path: string, change: GroupUpdate): Promise<Group>;
    move(move: GroupMove): Promise<GroupMoved>;
    /** `all`: with all groups below it, and although devices were put there. */
    delete(path: string, options?: { readonly all?: boolean; readonly dryRun?: boolean }): Promise<GroupDeleted>;
    members(change: GroupMembers): Promise<GroupMembersChanged>;
    rollups(filters?: Filters<RollupQuery>, options?: ListOptions): AsyncGenerator<Rollup>;
    trend(query: GroupTrendQuery): Promise<GroupTrend>;
  };
}

const groupAt = (path: string): string => `/groups/${encodeLevels(path)}`;

export function groupResources(connection: Connection): GroupResources {
  return {
    groups: {
      list: (filters, list) => connection.pages('/groups', filters, list),
      create: (body) => connection.request('POST', '/groups', { body }),
      show: (path) => connection.request('GET', groupAt(path)),
      update: (path, body) => connection.request('PATCH', groupAt(path), { body }),
      move: (body) => connection.request('POST', '/group-moves', { body }),
      delete: (path, query = {}) => connection.request('DELETE', groupAt(path), { query }),
      members: (body) => connection.request('POST', '/group-members', { body }),
      rollups: (filters, list) => connection.pages('/group-rollups', filters, list),
      trend: (query) => connection.request('GET', '/group-trends', { query }),
    },
  };
}
