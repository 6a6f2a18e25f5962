import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { MusterError } from '../../errors/muster-error.ts';
import type { ExportFormatDefinition, ExportRow } from '../../exports/export-format.ts';
import { EXPORT_FORMATS } from '../../exports/registry.ts';
import type { Directory } from '../../fleet/directory.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { SampleStore } from '../../storage/sample-store.ts';
import { checkExportTimezone } from '../check-export-timezone.ts';
import type { ExportPlaces } from '../export-places.ts';
import { type Answer, type Route, route } from '../route.ts';
import { ALL_TIME, type SampleReader } from '../sample-reader.ts';
import { ExportQuery } from '../schema/samples.ts';
import { filterOf, listOf, type SelectedPoint, selectedPoints } from '../select-points.ts';

export interface ExportPorts {
  readonly fleet: Fleet;
  readonly directory: Directory;
  readonly reader: SampleReader;
  readonly store: SampleStore;
  /** For files that the engine writes before they are sent. */
  readonly temporaryFolder: string;
  /** Why nothing may be written at the moment. */
  readonly closed: () => MusterError | null;
  /** Calls back when that changes for the worse; returns what takes the listener off again. */
  readonly onClosed: (listener: () => void) => () => void;
  readonly places: ExportPlaces;
}

const After = z.object({ device: z.string(), point: z.string().optional(), time: z.number().int() });
type After = z.output<typeof After>;
interface Plan {
  readonly selected: readonly SelectedPoint[];
  readonly from: number;
  readonly to: number;
  readonly after: After | null;
}

export function exportRoutes(ports: ExportPorts): Route[] {
  const { fleet, directory, places } = ports;
  const engineFile = engineFiles(ports);
  return [
    route({
      method: 'GET',
      path: '/export',
      tag: 'samples',
      summary: 'Export samples as a file',
      description:
        'Long layout: by device, point, time. Wide layout: by device, time. The body is streamed; one that is cut short ends without its last chunk.',
      permission: 'sample:read',
      query: ExportQuery,
      responses: { 200: null },
      async handle({ query, project, signal }) {
        const definition = EXPORT_FORMATS.find(({ name }) => name === query.format);
        if (!definition)
          throw new MusterError('invalid', `there is no export format ${query.format.slice(0, 40)}`, {
            hint: `Choose one of ${EXPORT_FORMATS.map(({ name }) => name).join(', ')}.`,
          });
        places.take(signal);
        const plan: Plan = {
          selected: await selectedPoints(
            directory,
            filterOf(project, query, (id) => fleet.device(project, id), directory),
          ),
          from: query.from ?? ALL_TIME.from,
          to: query.to ?? ALL_TIME.to,
          after: readAfter(query.after),
        };
        if (definition.writer === 'engine') {
          if (query.layout === 'wide' || plan.after) throw new MusterError('invalid', `${definition.name} is written in the long layout, and whole`);
          return engineFile(definition, plan, signal);
        }
        if (plan.after && !definition.resumable) throw new MusterError('invalid', `an export to ${definition.name} cannot be continued`);
        checkExportTimezone(query.timezone);
        const format = await definition.load();
        // Headers go out before the first row.
        await ports.reader.current();
        const rows = query.layout === 'wide' ? wideRows(ports.reader, plan, signal) : longRows(ports.reader, plan, signal);
        const points = query.layout === 'wide' ? wideColumns(plan.selected, listOf(query.point)) : [];
        const bytes = format.encode(rows, { layout: query.layout, time: query.time, timezone: query.timezone, points, atStart: plan.after === null });
        return {
          status: 200,
          stream: Readable.from(bytes, { objectMode: false, highWaterMark: 256 * 1024 }),
          headers: { 'content-type': definition.contentType, ...ports.reader.caveat() },
        };
      },
    }),
  ];
}

/** Each row of the wide layout has a cell for every one of them. */
const WIDE_COLUMNS_MAX = 10_000;

/** Columns of the wide layout: as asked for when that is plain names (so that a continued file keeps its header), else all, by name. */
function wideColumns(selected: readonly SelectedPoint[], asked: readonly string[] | undefined): string[] {
  if (asked?.every((name) => !name.includes('*'))) return [...new Set(asked)];
  const columns = [...new Set(selected.map(({ entry }) => entry.point.path))].sort();
  if (columns.length > WIDE_COLUMNS_MAX)
    throw new MusterError('limit_reached', `the wide layout would have ${columns.length} columns, more than ${WIDE_COLUMNS_MAX}`, {
      hint: 'Choose fewer points, or the long layout.',
    });
  return columns;
}

async function* longRows(reader: SampleReader, { selected, from, to, after }: Plan, signal: AbortSignal): AsyncGenerator<readonly ExportRow[]> {
  const rest = after
    ? selected.filter(({ entry: { point } }) => point.device > after.device || (point.device === after.device && point.path > (after.point ?? '')))
    : selected;
  const started = after && selected.find(({ entry: { point } }) => point.device === after.device && point.path === after.point);
  if (started && after) yield* named(reader, [started], after.time + 1, to, 'series', signal);
  yield* named(reader, rest, from, to, 'series', signal);
}

async function* wideRows(reader: SampleReader, { selected, from, to, after }: Plan, signal: AbortSignal): AsyncGenerator<readonly ExportRow[]> {
  for (const points of byDevice(selected)) {
    const device = points[0]?.entry.point.device ?? '';
    if (after && device < after.device) continue;
    yield* named(reader, points, after !== null && after.device === device ? after.time + 1 : from, to, 'time', signal);
  }
}

/** Runs of the same device, in an order by device. */
function byDevice(selected: readonly SelectedPoint[]): SelectedPoint[][] {
  const runs: SelectedPoint[][] = [];
  for (const point of selected) {
    const run = runs.at(-1);
    if (run?.[0]?.device === point.device) run.push(point);
    else runs.push([point]);
  }
  return runs;
}

async function* named(
  reader: SampleReader,
  points: readonly SelectedPoint[],
  from: number,
  to: number,
  order: 'series' | 'time',
  signal: AbortSignal,
): AsyncGenerator<readonly ExportRow[]> {
  if (points.length === 0 || from >= to) return;
  for await (const rows of reader.read({ series: points.map(({ entry }) => entry.point.series), from, to, order }, signal))
    yield rows.map(reader.render) as ExportRow[];
}

/** Files of the engine that are written or sent at once: each may be as large as all samples, and stays until its reader has it. */
const ENGINE_FILES_MAX = 8;

type EngineFile = (definition: ExportFormatDefinition, plan: Plan, signal: AbortSignal) => Promise<Answer>;

function engineFiles({ reader, store, temporaryFolder, closed, onClosed }: ExportPorts): EngineFile {
  let open = 0;
  return async (definition, plan, signal) => {
    // It may become as large as all samples.
    const refusal = closed();
    if (refusal !== null) throw refusal;
    if (open >= ENGINE_FILES_MAX) throw new MusterError('overloaded', `${ENGINE_FILES_MAX} exports to a file are under way`);
    open += 1;
    let folder: string | null = null;
    const full = new AbortController();
    const forget = onClosed(() => full.abort(closed() ?? undefined));
    const discard = async () => {
      open -= 1;
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    };
    try {
      await reader.current();
      folder = await mkdtemp(join(temporaryFolder, 'export-'));
      const path = join(folder, `export.${definition.extension}`);
      const names = plan.selected.map(({ entry: { point } }) => ({ series: point.series, device: point.device, point: point.path }));
      await store.exportParquet({ names, from: plan.from, to: plan.to }, path, AbortSignal.any([signal, full.signal]));
      signal.throwIfAborted();
      const { size } = await stat(path);
      const stream = createReadStream(path);
      stream.once('close', () => void discard().catch(() => undefined));
      return { status: 200, stream, headers: { 'content-type': definition.contentType, 'content-length': String(size), ...reader.caveat() } };
    } catch (error: unknown) {
      await discard();
      throw error;
    } finally {
      forget();
    }
  };
}

function readAfter(text: string | undefined): After | null {
  if (text === undefined) return null;
  try {
    return After.parse(JSON.parse(text));
  } catch (error: unknown) {
    throw new MusterError('invalid', '"after" must be JSON {device, point, time}', { cause: error, details: { field: 'after' } });
  }
}
