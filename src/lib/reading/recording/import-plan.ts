import { isPointPath, POINT_RULE } from '../../domain/ids.ts';
import { MusterError } from '../../errors/muster-error.ts';

/** What the user says about the columns; what is absent is found from their names. */
export interface PlanOptions {
  readonly device?: string | undefined;
  readonly deviceColumn?: string | undefined;
  readonly timeColumn?: string | undefined;
  readonly pointColumn?: string | undefined;
  readonly valueColumn?: string | undefined;
  /** `column=point`; in the long layout `point=point`, to rename. */
  readonly map?: readonly string[] | undefined;
}

interface PlanBase {
  readonly timeColumn: string;
  /** Where the device stands; null: all rows are of `device`. */
  readonly deviceColumn: string | null;
  readonly device: string | null;
  readonly qualityColumn: string | null;
  /** Written by an export of ours: quotes in CSV and null in JSON mean what they mean there. */
  readonly exported: boolean;
}

/** How rows become values. `long`: a value in each row; `wide`: a column for each point. */
export type ImportPlan =
  | (PlanBase & { readonly layout: 'long'; readonly pointColumn: string; readonly valueColumn: string; readonly rename: ReadonlyMap<string, string> })
  | (PlanBase & {
      readonly layout: 'wide';
      readonly columns: readonly { readonly column: string; readonly point: string }[];
      /** Columns that are no points, when every other one is; null: only `columns` are taken. */
      readonly others: ReadonlySet<string> | null;
    });

const TIME_NAMES = ['time', 'timestamp', 'ts', 'datetime', 'date_time', 'date'];
const DEVICE_NAME = 'device';
const POINT_NAME = 'point';
const VALUE_NAME = 'value';
const QUALITY_NAME = 'quality';
/** What an export writes beside the value, and the hub decides anew. */
const LATE_NAME = 'late';

/** Finds what each column means. Throws MusterError `usage` that names the flag to give. */
export function planImport(header: readonly string[], options: PlanOptions): ImportPlan {
  const doubled = header.find((name, index) => header.indexOf(name) !== index);
  if (doubled !== undefined) throw new MusterError('invalid', `Two columns are called "${doubled}".`, { hint: 'Rename one of them in the file.' });
  const timeColumn =
    options.timeColumn === undefined
      ? TIME_NAMES.map((name) => find(header, name)).find((name) => name !== undefined)
      : column(header, options.timeColumn, '--time-column');
  if (timeColumn === undefined)
    throw new MusterError('usage', 'No column looks like a time.', { hint: `Name it with --time-column. The columns are: ${list(header)}.` });
  const pointColumn = options.pointColumn === undefined ? find(header, POINT_NAME) : column(header, options.pointColumn, '--point-column');
  const valueColumn = options.valueColumn === undefined ? find(header, VALUE_NAME) : column(header, options.valueColumn, '--value-column');
  const long = pointColumn !== undefined && valueColumn !== undefined;
  if (!long && options.pointColumn !== undefined)
    throw new MusterError('usage', '--point-column needs a column with the values.', {
      hint: `Name it with --value-column. The columns are: ${list(header)}.`,
    });
  const namedDevice = options.deviceColumn === undefined ? undefined : column(header, options.deviceColumn, '--device-column');
  if (namedDevice !== undefined && options.device !== undefined) throw new MusterError('usage', 'Give --device or --device-column, not both.');
  // A device in the file gives way to one on the command line: that is how a recording is loaded under another name.
  const deviceInFile = find(header, DEVICE_NAME);
  const deviceColumn = namedDevice ?? (options.device === undefined ? deviceInFile : undefined);
  if (deviceColumn === undefined && options.device === undefined) {
    throw new MusterError('usage', 'The file does not say which device it is of.', { hint: 'Give --device DEVICE, or --device-column COLUMN.' });
  }
  const map = readMap(options.map ?? []);
  const isExport = (long || deviceInFile !== undefined) && find(header, QUALITY_NAME) !== undefined;
  const qualityColumn = isExport && !map.has(QUALITY_NAME) ? (find(header, QUALITY_NAME) ?? null) : null;
  const exported = header[0] === 'time' && header[1] === DEVICE_NAME && timeColumn === 'time';
  const base: PlanBase = { timeColumn, deviceColumn: deviceColumn ?? null, device: options.device ?? null, qualityColumn, exported };
  if (long) {
    for (const point of map.values()) checkPoint(point, 'The new name');
    return { ...base, layout: 'long', pointColumn, valueColumn, rename: map };
  }
  const others = new Set(
    [timeColumn, deviceColumn, deviceInFile, qualityColumn, isExport ? find(header, LATE_NAME) : undefined].filter((name) => typeof name === 'string'),
  );
  if (map.size > 0) {
    const columns = [...map].map(([name, point]) => {
      checkPoint(point, `The point of column "${name}"`);
      return { column: column(header, name, '--map'), point };
    });
    return { ...base, layout: 'wide', columns, others: null };
  }
  const columns = (valueColumn !== undefined && options.valueColumn !== undefined ? [valueColumn] : header.filter((name) => !others.has(name))).map((name) => ({
    column: name,
    point: name.trim(),
  }));
  if (columns.length === 0) throw new MusterError('usage', 'No column holds values.', { hint: `The columns are: ${list(header)}.` });
  for (const { column: name, point } of columns) checkPoint(point, `The name of column "${name}"`);
  return { ...base, layout: 'wide', columns, others: options.valueColumn === undefined ? others : null };
}

function checkPoint(point: string, what: string): void {
  if (isPointPath(point)) return;
  throw new MusterError('usage', `${what} is not a name of a point: "${point.slice(0, 60)}".`, {
    hint: `A point is ${POINT_RULE}. Say which columns to take, and as what: --map "COLUMN=point".`,
  });
}

/** `column=point`, split at the last `=`: a point path seldom holds one, a heading may. */
function readMap(entries: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  const points = new Set<string>();
  for (const entry of entries) {
    const at = entry.lastIndexOf('=');
    const name = entry.slice(0, at);
    const point = entry.slice(at + 1);
    if (at < 1 || point === '')
      throw new MusterError('usage', `"${entry.slice(0, 60)}" is not COLUMN=POINT.`, { hint: 'For example --map temperature=boiler/temperature.' });
    if (map.has(name)) throw new MusterError('usage', `--map names the column "${name}" twice.`);
    if (points.has(point)) throw new MusterError('usage', `--map sends two columns to the point "${point}".`);
    points.add(point);
    map.set(name, point);
  }
  return map;
}

function find(header: readonly string[], name: string): string | undefined {
  return header.find((candidate) => candidate === name) ?? header.find((candidate) => candidate.trim().toLowerCase() === name);
}

function column(header: readonly string[], name: string, flag: string): string {
  const found = header.find((candidate) => candidate === name) ?? header.find((candidate) => candidate.trim() === name.trim());
  if (found !== undefined) return found;
  throw new MusterError('usage', `There is no column "${name.slice(0, 60)}" for ${flag}.`, { hint: `The columns are: ${list(header)}.` });
}

function list(header: readonly string[]): string {
  const shown = header
    .slice(0, 20)
    .map((name) => name || '(empty)')
    .join(', ');
  return header.length > 20 ? `${shown} and ${header.length - 20} more` : shown;
}
