import { z } from 'zod';
import type { SeriesId } from '../../domain/ids.ts';
import { globMatcher, isPattern } from '../../domain/matching.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { SampleRow } from '../../storage/sample-store.ts';
import { foreignCursor, readCursor, writeCursor } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { ALL_TIME, type SampleReader } from '../sample-reader.ts';
import { pageOf } from '../schema/common.ts';
import { AggregateQuery, AggregateResult, CountQuery, CountResult, DownsampleQuery, DownsampleResult, SampleItem, SamplesQuery } from '../schema/samples.ts';
import { filterOf, listOf, selectedPoints } from '../select-points.ts';

export interface SamplePorts {
  readonly fleet: Fleet;
  readonly directory: Directory;
  readonly reader: SampleReader;
}

const ById = z.object({ id: z.string().max(200) });

export function sampleRoutes({ fleet, directory, reader }: SamplePorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/devices/{id}/samples',
      tag: 'samples',
      summary: 'Raw samples of a device, by time',
      permission: 'sample:read',
      params: ById,
      query: SamplesQuery,
      device: 'id',
      responses: { 200: pageOf(SampleItem) },
      async handle({ device, query, signal }) {
        const series = seriesOf(device, listOf(query.point));
        const descending = query.order === 'desc';
        const page = await readPage(
          reader,
          { series, from: query.from ?? ALL_TIME.from, to: query.to ?? ALL_TIME.to, descending, limit: query.limit, cursor: query.cursor },
          signal,
        );
        return { status: 200, body: { items: page.rows.map(reader.render), cursor: page.cursor }, headers: reader.caveat() };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/aggregate',
      tag: 'samples',
      summary: 'Samples of a device in buckets of time',
      permission: 'sample:read',
      params: ById,
      query: AggregateQuery,
      device: 'id',
      responses: { 200: AggregateResult },
      async handle({ device, query, signal }) {
        if (query.from >= query.to) throw new MusterError('invalid', '"from" must be before "to"', { details: { field: 'from' } });
        const { from, to, everyMs, originMs, aggregate } = query;
        const series = seriesOf(device, listOf(query.point));
        const rows = await reader.aggregate(
          { series, from, to, aggregate, ...(everyMs !== undefined && { everyMs }), ...(originMs !== undefined && { originMs }) },
          signal,
        );
        const items = rows.map(({ series, time, value, count }) => ({
          device: device.device.id,
          point: directory.pointOfSeries(series)?.point.path ?? '',
          time,
          value,
          count,
        }));
        return { status: 200, body: { items }, headers: reader.caveat() };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/downsample',
      tag: 'samples',
      summary: 'Few samples of a device that stand for all of a range',
      permission: 'sample:read',
      params: ById,
      query: DownsampleQuery,
      device: 'id',
      responses: { 200: DownsampleResult },
      async handle({ device, query, signal }) {
        if (query.from >= query.to) throw new MusterError('invalid', '"from" must be before "to"', { details: { field: 'from' } });
        const { from, to, points, method } = query;
        const rows = await reader.downsample({ series: seriesOf(device, listOf(query.point)), from, to, points, method }, signal);
        const items = rows.map(({ series, time, value }) => ({
          device: device.device.id,
          point: directory.pointOfSeries(series)?.point.path ?? '',
          time,
          value,
        }));
        return { status: 200, body: { items }, headers: reader.caveat() };
      },
    }),
    route({
      method: 'GET',
      path: '/samples/count',
      tag: 'samples',
      summary: 'How many samples are stored',
      permission: 'sample:read',
      query: CountQuery,
      responses: { 200: CountResult },
      async handle({ query, project }) {
        const filter = filterOf(project, query, (id) => fleet.device(project, id), directory);
        const series = (await selectedPoints(directory, filter)).map(({ entry }) => entry.point.series);
        const count = series.length === 0 ? 0 : await reader.count({ series, from: query.from ?? ALL_TIME.from, to: query.to ?? ALL_TIME.to });
        return { status: 200, body: { count, series: series.length }, headers: reader.caveat() };
      },
    }),
  ];
}

/** The series of a device's points, in the order asked for; a name without * that is no point of it is an error, not silence. */
function seriesOf(device: DeviceEntry, points: readonly string[] | undefined): SeriesId[] {
  const series = new Set<SeriesId>();
  let sorted: string[] | undefined;
  for (const name of points ?? ['*']) {
    if (isPattern(name)) sorted ??= [...device.points.keys()].sort();
    for (const path of isPattern(name) ? (sorted ?? []).filter(globMatcher(name)) : [name]) {
      const entry = device.points.get(path);
      if (entry) series.add(entry.point.series);
    }
    if (!isPattern(name) && !device.points.has(name)) {
      throw new MusterError('not_found', `${device.device.id} has no point ${name.slice(0, 210)}`, {
        hint: `List its points with \`muster point list ${device.device.id}\`.`,
      });
    }
  }
  return [...series];
}

interface PageQuery {
  readonly series: readonly SeriesId[];
  readonly from: number;
  readonly to: number;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/**
 * A page by time. Several points may have a sample at the same time, and a page may end between them: the cursor holds the time and how many
 * of that time have been given.
 */
async function readPage(reader: SampleReader, query: PageQuery, signal: AbortSignal): Promise<{ rows: SampleRow[]; cursor: string | null }> {
  const [time, given] = (readCursor(query.cursor, ['number', 'number']) ?? [null, 0]) as [number | null, number];
  // Each series has one sample at a time.
  if (!Number.isInteger(given) || given < 0 || given > query.series.length) throw foreignCursor();
  const from = time !== null && !query.descending ? Math.max(query.from, time) : query.from;
  const to = time !== null && query.descending ? Math.min(query.to, time + 1) : query.to;
  const rows: SampleRow[] = [];
  if (query.series.length === 0) return { rows, cursor: null };
  let skip = given;
  const wanted = query.limit + given + 1;
  for await (const chunk of reader.read({ series: query.series, from, to, order: 'time', descending: query.descending, limit: wanted }, signal)) {
    for (const row of chunk) {
      if (skip > 0 && row.time === time) skip -= 1;
      else {
        skip = 0;
        rows.push(row);
      }
    }
  }
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  if (rows.length <= query.limit || last === undefined) return { rows: page, cursor: null };
  const atLast = page.filter((row) => row.time === last.time).length + (last.time === time ? given : 0);
  return { rows: page, cursor: writeCursor([last.time, atLast]) };
}
