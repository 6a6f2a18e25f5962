import { MusterError } from '../errors/muster-error.ts';
import { type DeviceField, FIELD_NAMES, FIELD_RULE, fieldNamed } from './device-field.ts';

/** What becomes of columns that are neither fields nor mapped. */
export const OTHER_COLUMNS = ['refuse', 'label', 'ignore'] as const;
export type OtherColumns = (typeof OTHER_COLUMNS)[number];

export interface ColumnChoice {
  /** `column=field`, each once or more: one column may be several fields. */
  readonly map: readonly string[] | undefined;
  readonly others: OtherColumns;
}

/** Which columns are read, and as what. A column that is mapped is not read by its own name. */
export interface ColumnMap {
  readonly pairs: readonly { readonly column: string; readonly field: DeviceField }[];
  /** A column that the first row did not have (NDJSON): what it is; null: it is left out; undefined: it is refused. */
  another(column: string): DeviceField | null | undefined;
}

/** Throws usage for a --map that makes no sense, and invalid for columns that mean nothing. */
export function planColumns(header: readonly string[], choice: ColumnChoice): ColumnMap {
  const mapped = (choice.map ?? []).map((pair) => readPair(pair, header));
  const taken = new Set(mapped.map(({ column }) => (header.includes(column) ? column : rootOf(column))));
  const unknown: string[] = [];
  const own = header.flatMap((column) => {
    if (taken.has(column)) return [];
    const field = fieldOf(column, choice.others);
    if (field === undefined) unknown.push(column);
    return field === undefined || field === null ? [] : [{ column, field }];
  });
  if (unknown.length > 0) throw unknownColumns(unknown);
  const pairs = [...mapped, ...own];
  const seen = new Map<DeviceField, string>();
  for (const { column, field } of pairs) {
    const before = seen.get(field);
    if (before !== undefined)
      throw new MusterError('usage', `The columns ${before} and ${column} are both ${field}.`, { hint: 'Take one of them as something else with --map.' });
    seen.set(field, column);
  }
  if (!seen.has('id'))
    throw new MusterError('invalid', 'No column holds the id of the device.', { hint: 'Name one: --map COLUMN=id.', details: { columns: header } });
  return {
    pairs,
    another: (column) => (taken.has(column) ? null : fieldOf(column, choice.others)),
  };
}

/** null: left out. undefined: refused. */
function fieldOf(column: string, others: OtherColumns): DeviceField | null | undefined {
  const field = fieldNamed(column);
  if (field !== null || others === 'ignore') return field;
  return others === 'label' ? (fieldNamed(`label.${column.trim().replaceAll(/[^A-Za-z0-9._:-]+/g, '-')}`) ?? undefined) : undefined;
}

function readPair(pair: string, header: readonly string[]): { column: string; field: DeviceField } {
  const at = pair.lastIndexOf('=');
  const column = pair.slice(0, at);
  const field = at < 1 ? null : fieldNamed(pair.slice(at + 1));
  if (field === null) throw new MusterError('usage', `--map \`${pair}\` is not COLUMN=FIELD.`, { hint: `FIELD is ${FIELD_RULE}.`, details: { flag: 'map' } });
  // Of NDJSON, a later object may have what the first has not, and `a.b` is the b of the object a.
  const isThere = header.includes(column) || header.includes(rootOf(column));
  if (!isThere)
    throw new MusterError('usage', `There is no column ${column} for --map.`, { hint: `The columns are: ${header.join(', ')}.`, details: { flag: 'map' } });
  return { column, field };
}

/** `modem` of `modem.imei`. */
function rootOf(column: string): string {
  return column.split('.', 1)[0] ?? '';
}

function unknownColumns(columns: readonly string[]): MusterError {
  const [first = ''] = columns;
  return new MusterError('invalid', `${columns.length === 1 ? `The column ${first} means` : `The columns ${columns.join(', ')} mean`} nothing here.`, {
    hint: `Say what it is (--map "${first}=label.${fieldNamed(`label.${first}`) === null ? 'name' : first}"), take all such as labels (--others label) or leave them out (--others ignore). Fields are ${FIELD_NAMES.join(', ')}.`,
    details: { columns },
  });
}
