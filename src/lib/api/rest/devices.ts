import { z } from 'zod';
import type { DeviceCredentials } from '../../access/device-credentials.ts';
import { groupPath } from '../../domain/group.ts';
import { labelMatcher } from '../../domain/matching.ts';
import { credentialCreated } from '../../events/credential-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import { deviceCreated, deviceDeleted, deviceUpdated } from '../../events/fleet-events.ts';
import type { DeviceEntry, Directory } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Groups } from '../../fleet/groups/groups.ts';
import type { Presence } from '../../fleet/presence.ts';
import { ratesAt, type Traffic } from '../../fleet/traffic.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { Device, DeviceCreate, DeviceCreated, DeviceQuery, DeviceUpdate } from '../schema/fleet.ts';
import { listOf } from '../select-points.ts';

export interface DevicePorts {
  readonly fleet: Fleet;
  readonly groups: Pick<Groups, 'ensure'>;
  readonly directory: Directory;
  readonly presence: Presence;
  readonly credentials: DeviceCredentials;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
  /** Of each device; null: no limit. */
  readonly rateLimits: { readonly messagesPerSecond: number | null; readonly pointsPerSecond: number | null };
}

const ById = z.object({ id: z.string().max(200).describe('the id, or an alias such as imei:490154203237518') });

export function deviceRoutes({ fleet, groups, directory, presence, credentials, recorder, clock, rateLimits }: DevicePorts): Route[] {
  const render = (entry: DeviceEntry): Device => ({
    ...entry.device,
    groups: [...entry.device.groups],
    memberOf: [...directory.groupsOf(entry.device)],
    status: presence.status(entry.device.id),
    points: entry.points.size,
    counters: { accepted: entry.accepted, rejected: entry.rejected, refused: entry.refused },
    rate: rateOf(entry.traffic),
  });

  function rateOf(traffic: Traffic | null): Device['rate'] {
    const { messages, points } = ratesAt(traffic, clock());
    return {
      messagesPerSecond: rounded(messages),
      pointsPerSecond: rounded(points),
      messagesPerSecondMax: rateLimits.messagesPerSecond,
      pointsPerSecondMax: rateLimits.pointsPerSecond,
      limited: traffic?.limited ?? 0,
      limitedAt: traffic?.limitedAt ?? null,
      heldBack: traffic?.heldBack ?? 0,
    };
  }

  return [
    route({
      method: 'GET',
      path: '/devices',
      tag: 'devices',
      summary: 'List devices by id',
      permission: 'device:read',
      query: DeviceQuery,
      responses: { 200: pageOf(Device) },
      handle({ query, project }) {
        const after = readCursor(query.cursor, ['string'])?.[0] as string | undefined;
        const accepts = deviceFilter(query, presence, directory);
        function* matching() {
          for (const entry of directory.sortedDevices(project, after)) if (accepts(entry)) yield entry;
        }
        return { status: 200, body: takePage(matching(), query.limit, ({ device }) => [device.id], render) };
      },
    }),
    route({
      method: 'POST',
      path: '/devices',
      adds: true,
      tag: 'devices',
      summary: 'Create a device',
      permission: 'device:write',
      body: DeviceCreate,
      responses: { 201: DeviceCreated },
      async handle({ body, project, principal }) {
        if (body.createGroups) await groups.ensure(project, body.groups, actorOf(principal));
        const entry = await fleet.createDevice(project, body);
        recorder.record(deviceCreated(entry.device, actorOf(principal), clock()));
        const credential = body.credential === 'token' ? await credentials.create(entry.device, { kind: 'token' }) : undefined;
        if (credential !== undefined) recorder.record(credentialCreated(entry.device, credential, actorOf(principal), clock()));
        return { status: 201, body: { ...render(entry), ...(credential && { credential }) } };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}',
      tag: 'devices',
      summary: 'Show a device with its status and counters',
      permission: 'device:read',
      params: ById,
      device: 'id',
      responses: { 200: Device },
      handle: ({ device }) => ({ status: 200, body: render(device) }),
    }),
    route({
      method: 'PATCH',
      path: '/devices/{id}',
      tag: 'devices',
      summary: 'Change a device; null clears',
      permission: 'device:write',
      params: ById,
      body: DeviceUpdate,
      device: 'id',
      responses: { 200: Device },
      async handle({ device, body, project, principal }) {
        const before = device.device;
        const entry = await fleet.updateDevice(project, before.id, body);
        const event = deviceUpdated(before, entry.device, actorOf(principal), clock());
        if (event !== null) recorder.record(event);
        return { status: 200, body: render(entry) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/devices/{id}',
      tag: 'devices',
      summary: 'Delete a device with its points, credentials and samples',
      permission: 'device:write',
      params: ById,
      device: 'id',
      responses: { 204: null },
      async handle({ device, project, principal }) {
        const gone = device.device;
        const points = device.points.size;
        await fleet.deleteDevice(project, gone.id);
        recorder.record(deviceDeleted(gone, points, actorOf(principal), clock()));
        return { status: 204 };
      },
    }),
  ];
}

/** To a hundredth: what fades is nothing in the end. */
function rounded(rate: number): number {
  return Math.round(rate * 100) / 100;
}

function deviceFilter(query: z.output<typeof DeviceQuery>, presence: Presence, directory: Directory): (entry: DeviceEntry) => boolean {
  const labels = listOf(query.label)?.map(labelMatcher);
  const groups = listOf(query.group)?.map(groupPath);
  return ({ device }) =>
    (query.kind === undefined || device.kind === query.kind) &&
    (query.type === undefined || device.type === query.type) &&
    (query.parent === undefined || device.parent === query.parent) &&
    (query.state === undefined || device.state === query.state) &&
    (query.alias === undefined || Object.values(device.aliases).includes(query.alias)) &&
    (labels === undefined || labels.every((matches) => matches(device.labels))) &&
    (groups === undefined || groups.some((group) => directory.groupsOf(device).includes(group))) &&
    (query.online === undefined || presence.status(device.id).online === (query.online === 'true'));
}
