import { z } from 'zod';
import type { ClockWatch } from '../../lifecycle/clock-watch.ts';
import type { ConnectionHistory } from '../../lifecycle/connection-history.ts';
import { healthPoints } from '../../lifecycle/health-metrics.ts';
import type { TimeService } from '../../lifecycle/time-service.ts';
import type { LifeStorage } from '../../storage/life-storage.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { DeviceConnection, DeviceHealth, DeviceTimeQuestion, TimeAnswer } from '../schema/life.ts';

export interface LifePorts {
  readonly connections: Pick<ConnectionHistory, 'list'>;
  readonly vitals: Pick<LifeStorage['vitals'], 'of'>;
  readonly clocks: Pick<ClockWatch, 'of'>;
  readonly time: Pick<TimeService, 'ask'>;
  readonly clock: () => number;
}

const ById = z.object({ id: z.string().max(200).describe('the id, or an alias such as imei:490154203237518') });

export function lifeRoutes({ connections, vitals, clocks, time, clock }: LifePorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/devices/{id}/connections',
      tag: 'devices',
      summary: 'The connections of a device, newest first: when, from where, how, and why they ended',
      permission: 'device:read',
      params: ById,
      query: PageQuery,
      device: 'id',
      responses: { 200: pageOf(DeviceConnection) },
      async handle({ device, query }) {
        const [startedAt, id] = readCursor(query.cursor, ['number', 'string']) ?? [];
        const behind = startedAt === undefined ? null : { startedAt: startedAt as number, id: id as string };
        const found = await connections.list(device.device.id, { limit: query.limit + 1, behind });
        const items = found.slice(0, query.limit);
        const last = items.at(-1);
        return { status: 200, body: { items, cursor: found.length > items.length && last !== undefined ? writeCursor([last.startedAt, last.id]) : null } };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/health',
      tag: 'devices',
      summary: 'How a device began, and how it is',
      permission: 'device:read',
      params: ById,
      device: 'id',
      responses: { 200: DeviceHealth },
      async handle({ device }) {
        const { id } = device.device;
        const [vital, measured] = await Promise.all([vitals.of(id), clocks.of(id)]);
        const metrics = healthPoints(device, vital?.birth.health).map(({ point, latest }) => ({
          point: point.path,
          kind: point.kind,
          unit: point.unit,
          value: latest?.value ?? null,
          time: latest?.time ?? null,
        }));
        return {
          status: 200,
          body: {
            device: id,
            bornAt: vital?.bornAt ?? null,
            birth: vital?.bornAt == null ? null : vital.birth,
            diedAt: vital?.diedAt ?? null,
            death: vital?.death ?? null,
            clock:
              measured === null
                ? null
                : { offsetMs: measured.offsetMs, source: measured.source, measuredAt: measured.measuredAt, wrongSince: measured.wrongSince },
            metrics,
          },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/time',
      tag: 'devices',
      summary: "The hub's clock for a device that asks, which says how wrong its own is",
      permission: 'device:read',
      params: ById,
      query: DeviceTimeQuestion,
      device: 'id',
      responses: { 200: TimeAnswer },
      handle({ device, query: { id, t0, offset }, principal }) {
        const question = { ...(id !== undefined && { id }), ...(t0 !== undefined && { t0 }), ...(offset !== undefined && { offset }) };
        // Of a person who asks, the clock is another.
        return { status: 200, body: time.ask(principal.kind === 'device' ? device : null, question, clock()) };
      },
    }),
  ];
}
