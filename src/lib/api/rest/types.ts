import { z } from 'zod';
import { compileConfigSchema } from '../../configuration/config-schema.ts';
import type { PointDefinition } from '../../domain/point.ts';
import type { JsonObject } from '../../domain/value.ts';
import type { EventRecorder } from '../../events/event-recorder.ts';
import { typeCreated, typeDeleted, typeUpdated } from '../../events/fleet-events.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { DeviceType, DeviceTypeCreate, DeviceTypeUpdate } from '../schema/fleet.ts';

const ById = z.object({ id: z.string().max(200) });

export interface TypePorts {
  readonly fleet: Fleet;
  readonly directory: Directory;
  readonly recorder: EventRecorder;
  readonly clock: () => number;
}

export function typeRoutes({ fleet, directory, recorder, clock }: TypePorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/types',
      tag: 'types',
      summary: 'List device types by id',
      permission: 'type:read',
      query: PageQuery,
      responses: { 200: pageOf(DeviceType) },
      handle({ query, project }) {
        const after = readCursor(query.cursor, ['string'])?.[0];
        const types = [...directory.typesOf(project)].sort((a, b) => (a.id < b.id ? -1 : 1)).filter(({ id }) => after === undefined || id > after);
        return {
          status: 200,
          body: takePage(
            types,
            query.limit,
            ({ id }) => [id],
            (type) => type,
          ),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/types',
      adds: true,
      tag: 'types',
      summary: 'Create a device type',
      permission: 'type:write',
      body: DeviceTypeCreate,
      responses: { 201: DeviceType },
      async handle({ body, project, principal }) {
        const configSchema = checkedSchema(body.configSchema);
        const type = await fleet.createType(project, { ...body, points: body.points as PointDefinition[], configSchema });
        recorder.record(typeCreated(type, actorOf(principal), clock()));
        return { status: 201, body: type };
      },
    }),
    route({
      method: 'GET',
      path: '/types/{id}',
      tag: 'types',
      summary: 'Show a device type',
      permission: 'type:read',
      params: ById,
      responses: { 200: DeviceType },
      handle: ({ params, project }) => ({ status: 200, body: fleet.type(project, params.id) }),
    }),
    route({
      method: 'PATCH',
      path: '/types/{id}',
      tag: 'types',
      summary: 'Change a device type; its devices follow at once',
      permission: 'type:write',
      params: ById,
      body: DeviceTypeUpdate,
      responses: { 200: DeviceType },
      async handle({ params, body, project, principal }) {
        const { mode, description, points } = body;
        const change = {
          ...(mode !== undefined && { mode }),
          ...(description !== undefined && { description }),
          ...(points !== undefined && { points: points as PointDefinition[] }),
          ...(body.configSchema !== undefined && { configSchema: checkedSchema(body.configSchema) }),
        };
        const before = fleet.type(project, params.id);
        const after = await fleet.updateType(project, params.id, change);
        const event = typeUpdated(before, after, actorOf(principal), clock());
        if (event !== null) recorder.record(event);
        return { status: 200, body: after };
      },
    }),
    route({
      method: 'DELETE',
      path: '/types/{id}',
      tag: 'types',
      summary: 'Delete a device type that no device has',
      permission: 'type:write',
      params: ById,
      responses: { 204: null },
      async handle({ params, project, principal }) {
        const gone = fleet.type(project, params.id);
        await fleet.deleteType(project, params.id);
        recorder.record(typeDeleted(gone, actorOf(principal), clock()));
        return { status: 204 };
      },
    }),
  ];
}

/** Throws invalid for a schema that no document could be checked against. */
function checkedSchema(schema: Readonly<Record<string, unknown>> | null | undefined): JsonObject | null {
  if (schema === null || schema === undefined) return null;
  compileConfigSchema(schema as JsonObject);
  return schema as JsonObject;
}
