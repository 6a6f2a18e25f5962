import { z } from 'zod';
import { compareGroupPaths, depthOf, type Group as GroupRecord, isWithin } from '../../domain/group.ts';
import type { DeviceId, ProjectId } from '../../domain/ids.ts';
import { labelMatcher } from '../../domain/matching.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Groups } from '../../fleet/groups/groups.ts';
import { selectDevices } from '../../fleet/select-devices.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type GroupMentionPorts, mentionsOf } from '../group-mentions.ts';
import { type RollupPorts, rollUp } from '../group-rollup.ts';
import { groupTrend } from '../group-trend.ts';
import { selectorOf } from '../read-selector.ts';
import { type Route, route } from '../route.ts';
import type { SampleReader } from '../sample-reader.ts';
import { pageOf } from '../schema/common.ts';
import {
  Group,
  GroupCreate,
  GroupDeleted,
  GroupDeleteQuery,
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
} from '../schema/groups.ts';
import { listOf } from '../select-points.ts';

export interface GroupPorts extends RollupPorts, Omit<GroupMentionPorts, 'routes'> {
  readonly groups: Groups;
  readonly fleet: Fleet;
  readonly directory: Directory;
  readonly reader: SampleReader;
  readonly notifications: { readonly routes: GroupMentionPorts['routes'] };
  /** Resolves once the newest values are known: soon after a start. */
  readonly latestKnown: () => Promise<void>;
}

const ByPath = z.object({ path: z.string().max(1_000).describe('the path of the group; its slashes stay slashes') });

export function groupRoutes(ports: GroupPorts): Route[] {
  const { groups, fleet, directory, reader, latestKnown } = ports;
  const mentions = (project: ProjectId, path: string) => mentionsOf(project, path, { ...ports, routes: ports.notifications.routes });

  const render = (group: GroupRecord): Group => ({
    ...group,
    devices: directory.groups.deviceCount(group.project, group.path),
    groups: directory.groups.children(group.project, group.path).length,
  });

  /** In the order of the tree, from after the cursor. Throws not_found for a group that is not there. */
  function treeOf(project: ProjectId, { within, depth, cursor }: { within?: string | undefined; depth?: number | undefined; cursor?: string | undefined }) {
    const root = within === undefined ? null : groups.get(project, within).path;
    const deepest = (root === null ? 0 : depthOf(root)) + (depth ?? Number.POSITIVE_INFINITY);
    const after = readCursor(cursor, ['string'])?.[0];
    return directory.groups
      .list(project)
      .filter(
        ({ path }) =>
          (root === null || isWithin(path, root)) && depthOf(path) <= deepest && (after === undefined || compareGroupPaths(path, String(after)) > 0),
      );
  }

  return [
    route({
      method: 'GET',
      path: '/groups',
      tag: 'groups',
      summary: 'List groups as a tree is read: each before those below it',
      permission: 'group:read',
      query: GroupQuery,
      responses: { 200: pageOf(Group) },
      handle({ query, project }) {
        const labels = listOf(query.label)?.map(labelMatcher);
        const levels = listOf(query.level);
        const found = treeOf(project, query).filter(
          (group) =>
            (labels === undefined || labels.every((matches) => matches(group.labels))) &&
            (levels === undefined || (group.level !== null && levels.includes(group.level))),
        );
        return { status: 200, body: takePage(found, query.limit, ({ path }) => [path], render) };
      },
    }),
    route({
      method: 'POST',
      path: '/groups',
      adds: true,
      tag: 'groups',
      summary: 'Create a group, and those above it that are missing',
      permission: 'group:write',
      body: GroupCreate,
      responses: { 201: Group },
      async handle({ body, project, principal }) {
        return { status: 201, body: render(await groups.create(project, body as Parameters<Groups['create']>[1], actorOf(principal))) };
      },
    }),
    route({
      method: 'GET',
      path: '/groups/{path}',
      tag: 'groups',
      summary: 'Show a group',
      permission: 'group:read',
      params: ByPath,
      responses: { 200: Group },
      handle: ({ params, project }) => ({ status: 200, body: render(groups.get(project, params.path)) }),
    }),
    route({
      method: 'PATCH',
      path: '/groups/{path}',
      tag: 'groups',
      summary: 'Change a group; null clears. Its devices follow a new selector before the answer',
      permission: 'group:write',
      params: ByPath,
      body: GroupUpdate,
      responses: { 200: Group },
      async handle({ params, body, project, principal }) {
        const group = await groups.update(project, params.path, body as Parameters<Groups['update']>[2], actorOf(principal));
        return { status: 200, body: render(group) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/groups/{path}',
      tag: 'groups',
      summary: 'Delete a group; its devices stay',
      permission: 'group:write',
      params: ByPath,
      query: GroupDeleteQuery,
      responses: { 200: GroupDeleted },
      async handle({ params, query, project, principal }) {
        const { path } = groups.get(project, params.path);
        const options = { actor: actorOf(principal), all: query.all === 'true', check: query.dryRun === 'true' };
        const reach = await groups.delete(project, path, options);
        return { status: 200, body: { path, ...reach, mentions: mentions(project, path) } };
      },
    }),
    route({
      method: 'POST',
      path: '/group-moves',
      tag: 'groups',
      summary: 'Move a group with all below it and its devices, in one transaction',
      permission: 'group:write',
      body: GroupMove,
      responses: { 200: GroupMoved },
      async handle({ body, project, principal }) {
        const { path: from } = groups.get(project, body.from);
        const named = mentions(project, from);
        const reach = await groups.move(project, from, body.to, { actor: actorOf(principal), check: body.dryRun });
        return { status: 200, body: { from, to: body.to, ...reach, mentions: named } };
      },
    }),
    route({
      method: 'POST',
      path: '/group-members',
      tag: 'groups',
      summary: 'Put devices into a group, or take them out, in one transaction',
      permission: 'group:write',
      alsoNeeds: 'device:write',
      body: GroupMembers,
      responses: { 200: GroupMembersChanged },
      async handle({ body, project, principal }) {
        const { path: group } = groups.get(project, body.group);
        const named = (body.devices ?? []).map((device) => ({ device, ...resolve(project, device) }));
        const ids = body.selector === undefined ? named.flatMap(({ id }) => id ?? []) : await selected(project, body.selector);
        const act = body.action === 'add' ? groups.add : groups.remove;
        const { changed, unchanged } = await act(project, group, ids, { actor: actorOf(principal), check: body.dryRun });
        const isChanged = new Set(changed);
        const devices = named.map(({ device, id, error }) => ({
          device,
          outcome: id === null ? ('failed' as const) : isChanged.has(id) ? ('changed' as const) : ('unchanged' as const),
          code: error?.code ?? null,
          reason: error === null ? null : messageOf(error),
        }));
        const failed = devices.filter(({ outcome }) => outcome === 'failed').length;
        return { status: 200, body: { group, changed: changed.length, unchanged, failed, devices } };
      },
    }),
    route({
      method: 'GET',
      path: '/group-rollups',
      tag: 'groups',
      summary: 'Sum up groups with all below them, now: devices, online, alarms, newest values of points',
      permission: 'group:read',
      alsoNeeds: 'point:read',
      query: RollupQuery,
      responses: { 200: pageOf(Rollup) },
      async handle({ query, project, signal }) {
        const points = listOf(query.point) ?? [];
        if (points.length > 0) await latestKnown();
        const page = takePage(
          treeOf(project, query),
          query.limit,
          ({ path }) => [path],
          (group) => group,
        );
        const question = { points, aggregate: query.aggregate, maxAgeMs: query.maxAgeMs ?? null };
        return { status: 200, body: { items: await rollUp(project, page.items, question, ports, signal), cursor: page.cursor } };
      },
    }),
    route({
      method: 'GET',
      path: '/group-trends',
      tag: 'groups',
      summary: 'Sum up a point of all devices of a group, over time',
      permission: 'sample:read',
      alsoNeeds: 'group:read',
      query: GroupTrendQuery,
      responses: { 200: GroupTrend },
      async handle({ query, project, signal }) {
        const { group: path, ...question } = query;
        if (query.from >= query.to) throw new MusterError('invalid', '"from" must be before "to"', { details: { field: 'from' } });
        const group = groups.get(project, path).path;
        const trend = await groupTrend(directory.groups.devices(project, group), question, reader, signal);
        return { status: 200, body: { group, point: query.point, ...trend }, headers: reader.caveat() };
      },
    }),
  ];

  function resolve(project: ProjectId, device: string): { readonly id: DeviceId | null; readonly error: MusterError | null } {
    try {
      return { id: fleet.device(project, device).device.id, error: null };
    } catch (error: unknown) {
      if (!(error instanceof MusterError)) throw error;
      return { id: null, error };
    }
  }

  async function selected(project: ProjectId, text: string): Promise<readonly DeviceId[]> {
    const found = await selectDevices(directory, project, selectorOf(text), { after: undefined, limit: Number.POSITIVE_INFINITY });
    return found.map(({ device }) => device.id);
  }
}
