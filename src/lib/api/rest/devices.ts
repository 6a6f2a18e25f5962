import { z } from 'zod';
import type { DeviceCredentials } from '../../access/device-credentials.ts';
import { credentialCreated } from '../../events/credential-events.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import { deviceCreated, deviceDeleted, deviceUpdated, withReason } from '../../events/fleet-events.ts';
import type { DeviceEntry, Directory } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Groups } from '../../fleet/groups/groups.ts';
import type { Presence } from '../../fleet/presence.ts';
import type { DeviceSearch } from '../../fleet/search/device-search.ts';
import { ratesAt, type Traffic } from '../../fleet/traffic.ts';
import { actorOf } from '../actor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { Device, DeviceCreate, DeviceCreated, DeviceQuery, DeviceUpdate } from '../schema/fleet.ts';
import { devicePosition, selectDevices, writeDevicePosition } from '../select-devices.ts';

export interface DevicePorts {
  readonly fleet: Fleet;
  readonly groups: Pick<Groups, 'ensure'>;
  readonly directory: Directory;
  readonly presence: Presence;
  readonly search: DeviceSearch;
  /** Resolves once the newest values are known: soon after a start. */
  readonly latestKnown: () => Promise<void>;
  readonly credentials: DeviceCredentials;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
  /** Of each device; null: no limit. */
  readonly rateLimits: { readonly messagesPerSecond: number | null; readonly pointsPerSecond: number | null };
}

const ById = z.object({ id: z.string().max(200).describe('the id, or an alias such as imei:490154203237518') });

/** A device as it is shown. */
export function deviceRenderer({ presence, clock, rateLimits }: Pick<DevicePorts, 'presence' | 'clock' | 'rateLimits'>): (entry: DeviceEntry) => Device {
  return (entry) => ({
    ...entry.device,
    groups: [...entry.device.groups],
    memberOf: [...(entry.membership?.all ?? [])],
    status: presence.status(entry.device.id),
    points: entry.pointCount,
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
}

export function deviceRoutes({ fleet, groups, directory, presence, search, latestKnown, credentials, recorder, clock, rateLimits }: DevicePorts): Route[] {
  const render = deviceRenderer({ presence, clock, rateLimits });
  return [
    route({
      method: 'GET',
      path: '/devices',
      tag: 'devices',
      summary: 'List devices: by id, or as sort says',
      permission: 'device:read',
      query: DeviceQuery,
      responses: { 200: pageOf(Device) },
      async handle({ query, project }) {
        const { asked, order, namesPoints } = selectDevices(project, query, directory);
        // Soon after a start the newest values are still being read.
        if (namesPoints) await latestKnown();
        const after = devicePosition(query.cursor, order);
        const { entries, next } = await search.page(project, asked, { order, after, limit: query.limit });
        return { status: 200, body: { items: entries.map(render), cursor: next === null ? null : writeDevicePosition(next, order) } };
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
        const credential = body.credential === 'none' ? undefined : await credentials.create(entry.device, { kind: body.credential });
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
        const { reason, ...change } = body;
        const entry = await fleet.updateDevice(project, before.id, change);
        const event = deviceUpdated(before, entry.device, actorOf(principal), clock());
        if (event !== null) recorder.record(withReason(event, reason));
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
        const points = device.pointCount;
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
