import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readReport } from '../../configuration/config-reports.ts';
import type { Configurations } from '../../configuration/configurations.ts';
import type { JsonObject } from '../../domain/value.ts';
import { checkInService } from '../../fleet/check-in-service.ts';
import { actorOf } from '../actor.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { ConfigReported, ConfigRollback, ConfigSet, ConfigVersion, ConfigVersionsQuery, DeviceConfig } from '../schema/config.ts';

export interface ConfigPorts {
  readonly configurations: Configurations;
  readonly clock: () => number;
}

const ById = z.object({ id: z.string().max(200).describe('the id, or an alias such as imei:490154203237518') });
const ByVersion = ById.extend({ version: z.coerce.number().int().min(1) });

/** Configuration documents of devices: wanted beside reported. */
export function configRoutes({ configurations, clock }: ConfigPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/devices/{id}/config',
      tag: 'configuration',
      summary: 'The configuration that is wanted of a device, and the one it says is in force',
      permission: 'config:read',
      params: ById,
      device: 'id',
      responses: { 200: DeviceConfig },
      async handle({ device: { device } }) {
        const { wanted, reported } = await configurations.of(device.id);
        const isSame = reported !== null && wanted !== null && (reported.version === wanted.version || isDeepStrictEqual(reported.document, wanted.document));
        const shown = reported === null ? null : { version: reported.version, document: reported.document, reportedAt: reported.reportedAt };
        return { status: 200, body: { device: device.id, wanted, reported: shown, inSync: wanted === null || isSame } };
      },
    }),
    route({
      method: 'PUT',
      path: '/devices/{id}/config',
      tag: 'configuration',
      summary: 'Want a configuration of a device, as a new version',
      description:
        'On disk when it is answered; it goes to the device when that is there. The document that is wanted already makes no new version; one that was rejected or expired is sent again.',
      permission: 'config:write',
      params: ById,
      body: ConfigSet,
      adds: true,
      device: 'id',
      responses: { 200: ConfigVersion },
      handle: async ({ device, body, principal }) => ({
        status: 200,
        body: await configurations.set(device, { ...body, document: body.document as JsonObject }, actorOf(principal)),
      }),
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/config/rollback',
      tag: 'configuration',
      summary: 'Want the document of an earlier version again, as a new version',
      permission: 'config:write',
      params: ById,
      body: ConfigRollback,
      adds: true,
      device: 'id',
      responses: { 200: ConfigVersion },
      handle: async ({ device, body, principal }) => ({
        status: 200,
        body: await configurations.rollback(device, body.to, body.ifVersion, actorOf(principal)),
      }),
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/config/versions',
      tag: 'configuration',
      summary: 'The versions of the configuration of a device, newest first',
      permission: 'config:read',
      params: ById,
      query: ConfigVersionsQuery,
      device: 'id',
      responses: { 200: pageOf(ConfigVersion) },
      async handle({ device, query }) {
        const before = (readCursor(query.cursor, ['number'])?.[0] as number | undefined) ?? null;
        const found = await configurations.list(device.device.id, { limit: query.limit + 1, before });
        const items = found.slice(0, query.limit);
        const last = items.at(-1);
        return { status: 200, body: { items: [...items], cursor: found.length > items.length && last !== undefined ? writeCursor([last.version]) : null } };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/config/versions/{version}',
      tag: 'configuration',
      summary: 'One version of the configuration of a device',
      permission: 'config:read',
      params: ByVersion,
      device: 'id',
      responses: { 200: ConfigVersion },
      handle: async ({ device, params }) => ({ status: 200, body: await configurations.version(device.device.id, params.version) }),
    }),
    route({
      method: 'PUT',
      path: '/devices/{id}/config/reported',
      tag: 'configuration',
      summary: 'A device says which configuration is in force',
      description: 'The version that it was given, or a document of its own, or both. An older version has the wanted one sent again.',
      permission: 'command:answer',
      params: ById,
      body: ConfigReported,
      adds: true,
      device: 'id',
      responses: { 204: null },
      async handle({ device: { device }, body, principal }) {
        if (principal.kind === 'device') checkInService(device);
        await configurations.reported(device, readReport(body as JsonObject), clock());
        return { status: 204 };
      },
    }),
  ];
}
