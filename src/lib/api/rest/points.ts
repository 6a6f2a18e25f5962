import { z } from 'zod';
import { MusterError } from '../../errors/muster-error.ts';
import type { Directory, PointEntry } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import { retentionOfPoint } from '../../fleet/retention.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { Point, PointQuery, PointUpdate } from '../schema/fleet.ts';
import { filterOf, selectPoints } from '../select-points.ts';

const ByPath = z.object({ id: z.string().max(200), path: z.string().max(400).describe('the path of the point; its slashes stay slashes') });

export interface PointPorts {
  readonly fleet: Fleet;
  readonly directory: Directory;
  /** Resolves once the newest values are known: soon after a start. */
  readonly latestKnown: () => Promise<void>;
  /** storage.retention-days */
  readonly retentionDays: number | null;
}

export function pointRoutes({ fleet, directory, latestKnown, retentionDays }: PointPorts): Route[] {
  function renderPoint({ point, latest }: Pick<PointEntry, 'point' | 'latest'>): Point {
    const { series: _series, ...shown } = point;
    return { ...shown, kept: retentionOfPoint(directory, point, retentionDays), latest };
  }

  return [
    route({
      method: 'GET',
      path: '/points',
      tag: 'points',
      summary: 'List points with their newest values, by device and path',
      permission: 'point:read',
      query: PointQuery,
      responses: { 200: pageOf(Point) },
      async handle({ query, project }) {
        await latestKnown();
        const cursor = readCursor(query.cursor, ['string', 'string']);
        const after = cursor ? { device: String(cursor[0]), point: String(cursor[1]) } : undefined;
        const filter = filterOf(project, query, (id) => fleet.device(project, id));
        const selected = selectPoints(directory, filter, after);
        return {
          status: 200,
          body: takePage(
            selected,
            query.limit,
            ({ entry }) => [entry.point.device, entry.point.path],
            ({ entry }) => renderPoint(entry),
          ),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/points/{path}',
      tag: 'points',
      summary: 'Show a point with its newest value',
      permission: 'point:read',
      params: ByPath,
      device: 'id',
      responses: { 200: Point },
      async handle({ device, params }) {
        await latestKnown();
        const entry = device.points.get(params.path);
        if (!entry)
          throw new MusterError('not_found', `${device.device.id} has no point ${params.path.slice(0, 210)}`, {
            hint: `List its points with \`muster point list ${device.device.id}\`.`,
          });
        return { status: 200, body: renderPoint(entry) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/devices/{id}/points/{path}',
      tag: 'points',
      summary: 'Change what is said of a point; null clears',
      permission: 'point:write',
      params: ByPath,
      body: PointUpdate,
      device: 'id',
      responses: { 200: Point },
      async handle({ device, params, body, project }) {
        await latestKnown();
        const point = await fleet.updatePoint(project, device.device.id, params.path, body);
        return { status: 200, body: renderPoint(device.points.get(point.path) ?? { point, latest: null }) };
      },
    }),
  ];
}
