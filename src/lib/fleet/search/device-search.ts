import type { ProjectId } from '../../domain/ids.ts';
import type { Selector } from '../../domain/selector.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Condition } from '../../expressions/condition.ts';
import type { DeviceEntry } from '../directory.ts';
import { BLOCK_MAX } from '../sorted-devices.ts';
import { askBlock } from './ask-block.ts';
import { selectorNarrowing } from './ask-selector.ts';
import { type BlockTable, createBlockTables, tableOf } from './block-table.ts';
import { type DeviceOrder, firstOf, type OrderKey, orderKeys } from './device-order.ts';
import type { FieldPorts } from './fields.ts';
import { wordsOf } from './folded.ts';
import { YES } from './truth.ts';

/** Which devices are looked for: all of it must fit. */
export interface DeviceQuery {
  /** Words, each of which stands somewhere in the texts of the device. */
  readonly text: string | null;
  readonly selector: Selector | null;
  readonly conditions: readonly Condition[];
  /** Only among these. */
  readonly ids: readonly string[] | null;
}

/** Where a page begins: behind a device. `key`: what it was sorted by. */
export interface DevicePosition {
  readonly id: string;
  readonly key: OrderKey;
}

export interface DevicePage {
  readonly entries: readonly DeviceEntry[];
  /** null: there are no more. */
  readonly next: DevicePosition | null;
}

export interface DeviceSearch {
  /** A page of the devices that fit, by id or in another order. Throws overloaded, limit_reached. Other work goes on meanwhile. */
  page(
    project: ProjectId,
    query: DeviceQuery,
    page: { readonly order: DeviceOrder | null; readonly after: DevicePosition | null; readonly limit: number },
  ): Promise<DevicePage>;
  /** For one device after the other. */
  matcher(query: DeviceQuery): (entry: DeviceEntry) => boolean;
  readonly running: number;
}

/** Some devices, and which of them fit. */
interface Fitting {
  readonly table: BlockTable;
  readonly mask: Uint8Array;
}

/** Leaves 1 in a mask for devices that fit; ends in pieces, between which others may have their turn. */
type Narrowing = (table: BlockTable, mask: Uint8Array) => Iterable<void>;

/** A search takes so long at a time, then others have their turn. */
const SLICE_MS = 4;
/** Conditions that are computed device by device are looked at so many at a time. */
const COMPUTED_AT_ONCE = 16;
/** Longer than this for so few of them, and the search ends. */
const COMPUTED_MAX_MS = 500;
/** Columns and texts that nobody asked for so long are thrown away. */
const KEPT_MS = 600_000;

export function createDeviceSearch(ports: FieldPorts & { readonly searchesMax: number }): DeviceSearch {
  const { directory } = ports;
  const tables = createBlockTables(ports);
  let running = 0;
  let forgetting: NodeJS.Timeout | null = null;

  return {
    async page(project, query, { order, after, limit }) {
      if (order === null && isPlain(query)) return pageById(project, query, after, limit);
      if (running >= ports.searchesMax) throw new MusterError('overloaded', `${ports.searchesMax} searches are under way already (limits.searches)`);
      running += 1;
      try {
        return order === null ? await pageById(project, query, after, limit) : await pageInOrder(project, query, order, after, limit);
      } finally {
        running -= 1;
        keepForAWhile();
      }
    },
    matcher(query) {
      const narrow = narrowing(query);
      const ids = query.ids === null ? null : new Set<string>(query.ids);
      return (entry) => (ids?.has(entry.device.id) ?? true) && fits(narrow, entry);
    },
    get running() {
      return running;
    },
  };

  async function pageById(project: ProjectId, query: DeviceQuery, after: DevicePosition | null, limit: number): Promise<DevicePage> {
    const entries: DeviceEntry[] = [];
    for await (const { table, mask } of fitting(project, query, after?.id ?? null)) {
      for (const [at, entry] of table.entries.entries()) if (mask[at] === 1) entries.push(entry);
      if (entries.length <= limit) continue;
      entries.length = limit;
      const last = entries.at(-1);
      return { entries, next: last === undefined ? null : { id: last.device.id, key: null } };
    }
    return { entries, next: null };
  }

  async function pageInOrder(
    project: ProjectId,
    query: DeviceQuery,
    { by, descending }: DeviceOrder,
    after: DevicePosition | null,
    limit: number,
  ): Promise<DevicePage> {
    const keysOf = orderKeys(by, ports);
    const first = firstOf(limit + 1, descending, after);
    for await (const { table, mask } of fitting(project, query, null)) {
      const keyAt = keysOf(table);
      for (const [at, entry] of table.entries.entries()) if (mask[at] === 1) first.offer(keyAt(at), entry);
    }
    const found = first.sorted();
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return { entries: shown.map(({ entry }) => entry), next: found.length > limit && last !== undefined ? { id: last.id, key: last.key } : null };
  }

  /** Those that fit, by id: 1 in the mask of some after the other. Whoever takes them may wait in between. */
  async function* fitting(project: ProjectId, query: DeviceQuery, after: string | null): AsyncGenerator<Fitting, void, undefined> {
    const narrow = narrowing(query);
    if (query.ids !== null) {
      const found = named(project, query.ids, after).filter((entry) => fits(narrow, entry));
      for (let from = 0; from < found.length; from += BLOCK_MAX) {
        const entries = found.slice(from, from + BLOCK_MAX);
        yield { table: tableOf(entries, ports), mask: new Uint8Array(entries.length).fill(1) };
      }
      return;
    }
    let sliceEnds = performance.now() + SLICE_MS;
    let behind = after;
    for (;;) {
      // Blocks come, go and are cut in two while others have their turn: each is found by where the last one ended.
      const { block: number, place } = behind === null ? { block: 0, place: 0 } : directory.blockAfter(project, behind);
      const blocks = directory.deviceBlocks(project);
      const isLeft = place < (blocks[number]?.entries.length ?? 0);
      const block = blocks[isLeft ? number : number + 1];
      if (block === undefined) return;
      const table = tables.of(block);
      const { changes } = block;
      const mask = new Uint8Array(table.entries.length).fill(1);
      if (isLeft) mask.fill(0, 0, place);
      for (const step of narrow) {
        for (const _ of step(table, mask)) {
          if (performance.now() < sliceEnds) continue;
          await new Promise((resolve) => setImmediate(resolve));
          sliceEnds = performance.now() + SLICE_MS;
        }
      }
      // Some may have gone meanwhile.
      if (changes !== block.changes)
        for (const [at, entry] of table.entries.entries()) if (mask[at] === 1 && directory.device(entry.device.id) !== entry) mask[at] = 0;
      if (mask.includes(1)) yield { table, mask };
      behind = table.entries.at(-1)?.device.id ?? null;
      if (behind === null) return;
      if (performance.now() < sliceEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEnds = performance.now() + SLICE_MS;
    }
  }

  function named(project: ProjectId, ids: readonly string[], after: string | null): readonly DeviceEntry[] {
    return [...new Set(ids)].sort().flatMap((id) => {
      const entry = after === null || id > after ? directory.device(id) : undefined;
      return entry?.device.project === project ? [entry] : [];
    });
  }

  function fits(narrow: readonly Narrowing[], entry: DeviceEntry): boolean {
    const mask = new Uint8Array(1).fill(1);
    const table = tableOf([entry], ports);
    for (const step of narrow) for (const _ of step(table, mask));
    return mask[0] === 1;
  }

  /** The steps of a query; each ends in pieces, between which others may have their turn. */
  function narrowing({ text, selector, conditions }: DeviceQuery): readonly Narrowing[] {
    const steps: Narrowing[] = [];
    const all = conditions.flatMap((condition) => (condition.kind === 'and' ? condition.sides : [condition]));
    const simple = all.filter((condition) => !isComputed(condition));
    const computed = all.filter(isComputed);
    if (selector !== null && selector.terms.length > 0) {
      const narrow = selectorNarrowing(selector, directory);
      steps.push(inOne((table, mask) => narrow(table, mask)));
    }
    for (const condition of simple) steps.push(inOne((table, mask) => keep(mask, askBlock(condition, table, mask, ports))));
    const words = text === null ? [] : wordsOf(text).map((word) => Buffer.from(word));
    if (words.length > 0) steps.push(inOne((table, mask) => table.text.narrow(words, mask)));
    for (const condition of computed) steps.push((table, mask) => inPieces(condition, table, mask));
    return steps;
  }

  function* inPieces(condition: Condition, table: BlockTable, mask: Uint8Array): Generator<void> {
    for (let from = 0; from < mask.length; from += COMPUTED_AT_ONCE) {
      const wanted = new Uint8Array(mask.length);
      wanted.set(mask.subarray(from, from + COMPUTED_AT_ONCE), from);
      if (!wanted.includes(1)) continue;
      const began = performance.now();
      const truths = askBlock(condition, table, wanted, ports);
      for (let at = from; at < Math.min(from + COMPUTED_AT_ONCE, mask.length); at++) if (truths[at] !== YES) mask[at] = 0;
      if (performance.now() - began > COMPUTED_MAX_MS)
        throw new MusterError('limit_reached', `the condition takes more than ${COMPUTED_MAX_MS} ms for ${COMPUTED_AT_ONCE} devices`, {
          hint: 'Write it without loops over long lists.',
        });
      yield;
    }
  }

  function keepForAWhile(): void {
    if (forgetting !== null) clearTimeout(forgetting);
    forgetting = setTimeout(() => tables.forget(), KEPT_MS);
    forgetting.unref();
  }
}

/** All devices, in their order: there is nothing to look for. */
function isPlain({ text, selector, conditions, ids }: DeviceQuery): boolean {
  return text === null && selector === null && conditions.length === 0 && ids === null;
}

function inOne(work: (table: BlockTable, mask: Uint8Array) => void): Narrowing {
  return (table, mask) => {
    if (mask.includes(1)) work(table, mask);
    return [];
  };
}

function keep(mask: Uint8Array, truths: Uint8Array): void {
  for (let at = 0; at < mask.length; at++) if (truths[at] !== YES) mask[at] = 0;
}

function isComputed(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.sides.some(isComputed);
    case 'not':
      return isComputed(condition.of);
    default:
      return condition.kind === 'computed';
  }
}
