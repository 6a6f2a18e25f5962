import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { Control } from '../../control/control.ts';
import type { WantedValue } from '../../domain/command.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { Point as DomainPoint } from '../../domain/point.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Directory, PointEntry } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import { retentionOfPoint } from '../../fleet/retention.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { Point, PointQuery, PointUpdate } from '../schema/fleet.ts';
import { filterOf, selectedPoints } from '../select-points.ts';

const ByPath = z.object({ id: z.string().max(200), path: z.string().max(400).describe('the path of the point; its slashes stay slashes') });

/** Points that are rendered before others get their turn of the event loop. */
const LOOKED_UP_MAX = 200;

export interface PointPorts {
  readonly fleet: Fleet;
  readonly directory: Directory;
  readonly control: Pick<Control, 'wantedOf'>;
  /** Resolves once the newest values are known: soon after a start. */
  readonly latestKnown: () => Promise<void>;
  /** storage.retention-days */
  readonly retentionDays: number | null;
}

export function pointRoutes({ fleet, directory, control, latestKnown, retentionDays }: PointPorts): Route[] {
  function renderPoint({ point, latest }: Pick<PointEntry, 'point' | 'latest'>, wanted: Point['wanted']): Point {
    const { series: _series, ...shown } = point;
    return { ...shown, kept: retentionOfPoint(directory, point, retentionDays), latest, wanted };
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
        const filter = filterOf(project, query, (id) => fleet.device(project, id), directory);
        const selected = await selectedPoints(directory, filter, { after, limit: query.limit + 1 });
        const page = takePage(
          selected,
          query.limit,
          ({ entry }) => [entry.point.device, entry.point.path],
          ({ entry }) => entry,
        );
        const wanted = createWanted(control);
        const items: Point[] = [];
        for (const [index, entry] of page.items.entries()) {
          items.push(renderPoint(entry, wanted(entry.point)));
          // Each device is a look into the database.
          if (index % LOOKED_UP_MAX === LOOKED_UP_MAX - 1) await nextTurn();
        }
        return { status: 200, body: { items, cursor: page.cursor } };
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
        return { status: 200, body: renderPoint(entry, createWanted(control)(entry.point)) };
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
        return { status: 200, body: renderPoint(device.points.get(point.path) ?? { point, latest: null }, createWanted(control)(point)) };
      },
    }),
  ];
}

/** Points come device by device: what is wanted of one device is read once. */
function createWanted(control: Pick<Control, 'wantedOf'>): (point: DomainPoint) => Point['wanted'] {
  let device: DeviceId | null = null;
  let known: ReadonlyMap<string, WantedValue> = new Map();
  return ({ device: id, path, kind }) => {
    if (kind !== 'parameter' && kind !== 'setpoint') return null;
    if (id !== device) {
      device = id;
      known = new Map(control.wantedOf(id).map((wanted) => [wanted.point, wanted]));
    }
    const wanted = known.get(path);
    if (wanted === undefined) return null;
    const { point: _point, ...rest } = wanted;
    return rest;
  };
}
