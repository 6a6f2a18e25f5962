import type { PointPath } from '../../domain/ids.ts';
import type { Condition, Named } from '../../expressions/condition.ts';
import { TAG } from '../../storage/sample-columns.ts';
import type { DeviceEntry } from '../directory.ts';
import { isOnline } from '../live-presence.ts';
import { NO_VALUE } from '../newest-values.ts';
import { BLOCK_MAX } from '../sorted-devices.ts';
import type { BlockTable } from './block-table.ts';
import { type FieldPorts, fieldOf, isDeviceField, LIVE_FIELDS } from './fields.ts';
import { comparator, isAmong, isThere, join, NO, negate, UNKNOWN, YES } from './truth.ts';

/** Columns of newest values: filled and read within one step. */
const NUMBERS = new Float64Array(BLOCK_MAX);
const TAGS = new Uint8Array(BLOCK_MAX);

/** For each device of a block, whether a condition holds. Where `wanted` is 0, nobody asks. */
export function askBlock(condition: Condition, table: BlockTable, wanted: Uint8Array, ports: FieldPorts): Uint8Array {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const decides = condition.kind === 'and' ? NO : YES;
      const all = new Uint8Array(table.entries.length).fill(decides === NO ? YES : NO);
      const left = wanted.slice();
      for (const side of condition.sides) {
        join(all, askBlock(side, table, left, ports), decides);
        for (let at = 0; at < left.length; at++) if (all[at] === decides) left[at] = 0;
      }
      return all;
    }
    case 'not': {
      const truths = askBlock(condition.of, table, wanted, ports);
      negate(truths);
      return truths;
    }
    case 'compare':
      return askValues(condition.named, comparator(condition.op, condition.value), table, wanted, ports);
    case 'among':
      return askValues(condition.named, isAmong(condition.values), table, wanted, ports);
    case 'there':
      return askValues(condition.named, isThere, table, wanted, ports);
    case 'computed':
      return askEach(condition, table, wanted, ports);
  }
}

function askValues(named: Named, test: (value: unknown) => number, table: BlockTable, wanted: Uint8Array, ports: FieldPorts): Uint8Array {
  const truths = new Uint8Array(table.entries.length);
  const valueAt = valuesOf(named, table, ports);
  for (let at = 0; at < truths.length; at++) if (wanted[at] === 1) truths[at] = test(valueAt(at));
  return truths;
}

/** What devices of a block have by a name, by their places in it. To be read within one step: newest values move on. undefined: it has none. */
export function valuesOf(named: Named, table: BlockTable, ports: FieldPorts): (at: number) => unknown {
  const { entries } = table;
  if (named.quoted || !isDeviceField(named.name)) return newestValues(named.name, table, ports);
  const { name } = named;
  if (name === 'online') {
    const { live } = table;
    return (at) => (live[at] === undefined ? undefined : isOnline(live[at]));
  }
  if (name === 'lastSeenAt') {
    const { live } = table;
    return (at) => live[at]?.lastSeenAt ?? undefined;
  }
  if (LIVE_FIELDS.has(name)) {
    return (at) => {
      const entry = entries[at];
      return entry === undefined ? undefined : fieldOf(entry, name, ports);
    };
  }
  const values = table.valuesOf(named);
  return (at) => values[at];
}

function newestValues(path: string, table: BlockTable, { directory }: FieldPorts): (at: number) => unknown {
  const { entries } = table;
  directory.newest.read(table.seriesOf(path), entries.length, NUMBERS, TAGS);
  return (at) => {
    const tag = TAGS[at] ?? NO_VALUE;
    if (tag === TAG.number) return NUMBERS[at];
    if (tag === TAG.boolean) return NUMBERS[at] !== 0;
    return tag === NO_VALUE ? undefined : newestOf(entries[at], path);
  };
}

/** undefined: it has no such point, or no value yet. */
function newestOf(entry: DeviceEntry | undefined, path: string): unknown {
  return entry?.points.get(path as PointPath)?.latest?.value;
}

function askEach({ expression, names }: Extract<Condition, { kind: 'computed' }>, { entries }: BlockTable, wanted: Uint8Array, ports: FieldPorts): Uint8Array {
  const truths = new Uint8Array(entries.length);
  for (let at = 0; at < truths.length; at++) {
    const entry = entries[at];
    if (wanted[at] === 0 || entry === undefined) continue;
    const bindings: Record<string, unknown> = {};
    for (const { name, quoted, variable } of names) bindings[variable] = quoted || !isDeviceField(name) ? newestOf(entry, name) : fieldOf(entry, name, ports);
    const holds = expression.holds(bindings);
    truths[at] = holds === null ? UNKNOWN : holds ? YES : NO;
  }
  return truths;
}
