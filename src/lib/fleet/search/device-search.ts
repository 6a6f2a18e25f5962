import type { ProjectId } from '../../domain/ids.ts';
import type { Selector } from '../../domain/selector.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Condition } from '../../expressions/condition.ts';
import type { DeviceEntry } from '../directory.ts';
import { BLOCK_MAX, type DeviceBlock } from '../sorted-devices.ts';
import { blockQuestion } from './ask-block.ts';
import { selectorNarrowing } from './ask-selector.ts';
import { type BlockTable, createBlockTables, tableOf } from './block-table.ts';
import { blockTexts, searchedWord } from './block-text.ts';
import { type DeviceOrder, firstOf, type OrderKey } from './device-order.ts';
import type { FieldPorts } from './fields.ts';
import { wordsOf } from './folded.ts';
import { blockOffer } from './offer-block.ts';
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

/** Leaves 1 in a mask for devices that fit. */
type Narrowing = (table: BlockTable, mask: Uint8Array) => void;

/** The steps of a query. Made for one search: they have room of their own. */
interface Steps {
  /** Whole blocks at once. */
  readonly atOnce: readonly Narrowing[];
  /** Device by device, which may take long. */
  readonly inPieces: readonly Narrowing[];
}

/** Takes the devices of a block that have 1 in the mask, at once: the table and the mask are others later. true: that was enough. */
type Taking = (table: BlockTable, mask: Uint8Array) => boolean;

/** A search takes so long at a time, then others have their turn. */
const SLICE_MS = 4;
/** Conditions that are computed device by device are looked at so many at a time. */
const COMPUTED_AT_ONCE = 16;
/** Longer than this for so few of them, and the search ends. */
const COMPUTED_MAX_MS = 500;
/** Columns and texts that nobody asked for so long are thrown away. */
const KEPT_MS = 600_000;
const FORGET_EVERY_MS = 60_000;
/** So many kinds of columns are kept: 1 to 8 KB a block each, texts 170 KB. */
const COLUMNS_MAX = 32;

export function createDeviceSearch(ports: FieldPorts & { readonly searchesMax: number }): DeviceSearch {
  const { directory } = ports;
  const tables = createBlockTables(COLUMNS_MAX, () => performance.now());
  const texts = blockTexts();
  let running = 0;
  let forgetting: NodeJS.Timeout | null = null;

  return {
    async page(project, query, { order, after, limit }) {
      if (order === null && isPlain(query)) return plainPage(project, after, limit);
      if (running >= ports.searchesMax) throw new MusterError('overloaded', `${ports.searchesMax} searches are under way already (limits.searches)`);
      running += 1;
      try {
        return order === null ? await pageById(project, query, after, limit) : await pageInOrder(project, query, order, after, limit);
      } finally {
        running -= 1;
        forgetInTime();
      }
    },
    matcher(query) {
      const fits = fitting(stepsOf(query));
      const ids = query.ids === null ? null : new Set<string>(query.ids);
      return (entry) => (ids?.has(entry.id) ?? true) && fits(entry);
    },
    get running() {
      return running;
    },
  };

  /** Nothing is looked for: nothing is made, and nothing is kept. */
  function plainPage(project: ProjectId, after: DevicePosition | null, limit: number): DevicePage {
    const entries: DeviceEntry[] = [];
    for (const entry of directory.sortedDevices(project, after?.id)) {
      if (entries.length === limit) return { entries, next: positionOf(entries.at(-1)) };
      entries.push(entry);
    }
    return { entries, next: null };
  }

  async function pageById(project: ProjectId, query: DeviceQuery, after: DevicePosition | null, limit: number): Promise<DevicePage> {
    const entries: DeviceEntry[] = [];
    await eachFitting(project, query, after?.id ?? null, (table, mask) => {
      for (let at = mask.indexOf(1); at >= 0 && entries.length <= limit; at = mask.indexOf(1, at + 1)) {
        const entry = table.entries[at];
        if (entry !== undefined) entries.push(entry);
      }
      return entries.length > limit;
    });
    if (entries.length <= limit) return { entries, next: null };
    entries.length = limit;
    return { entries, next: positionOf(entries.at(-1)) };
  }

  async function pageInOrder(
    project: ProjectId,
    query: DeviceQuery,
    { by, descending }: DeviceOrder,
    after: DevicePosition | null,
    limit: number,
  ): Promise<DevicePage> {
    const offer = blockOffer(by, ports);
    const first = firstOf(limit + 1, descending, after);
    await eachFitting(project, query, null, (table, mask) => {
      offer(table, mask, first);
      return false;
    });
    const found = first.sorted();
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return { entries: shown.map(({ entry }) => entry), next: found.length > limit && last !== undefined ? { id: last.id, key: last.key } : null };
  }

  /** Those that fit, by id, one block after the other; others have their turn in between. */
  async function eachFitting(project: ProjectId, query: DeviceQuery, after: string | null, take: Taking): Promise<void> {
    const steps = stepsOf(query);
    if (query.ids !== null) {
      takeNamed(named(project, query.ids, after).filter(fitting(steps)), take);
      return;
    }
    const maskRoom = new Uint8Array(BLOCK_MAX);
    let sliceEnds = performance.now() + SLICE_MS;
    // Blocks come, go and are cut in two while others have their turn: then the next is found by where the last one ended.
    let hadTurn = false;
    let { number, place } = placeBehind(project, after);
    for (;;) {
      const block = directory.deviceBlocks(project)[number];
      const last = block?.entries.at(-1)?.id;
      if (block === undefined || last === undefined) return;
      const mask = maskRoom.subarray(0, block.entries.length).fill(1).fill(0, 0, place);
      const table = tables.of(block);
      for (const narrow of steps.atOnce) if (mask.includes(1)) narrow(table, mask);
      if (mask.includes(1)) {
        const isEnough = steps.inPieces.length > 0 ? await takeInPieces(block, mask) : take(table, mask);
        if (isEnough) return;
      }
      if (performance.now() >= sliceEnds) await othersTurn();
      ({ number, place } = hadTurn ? placeBehind(project, last) : { number: number + 1, place: 0 });
      hadTurn = false;
    }

    /** Each piece is taken before others have their turn: devices may be others after it, and some may have gone. */
    async function takeInPieces(block: DeviceBlock<DeviceEntry>, mask: Uint8Array): Promise<boolean> {
      const entries = [...block.entries];
      const { changes } = block;
      hadTurn = true;
      for (let from = 0; from < entries.length; from += COMPUTED_AT_ONCE) {
        const own = mask.subarray(from, from + COMPUTED_AT_ONCE);
        if (!own.includes(1)) continue;
        const table = tableOf(entries.slice(from, from + COMPUTED_AT_ONCE));
        if (changes !== block.changes) for (const [at, entry] of table.entries.entries()) if (directory.device(entry.id) !== entry) own[at] = 0;
        for (const narrow of steps.inPieces) if (own.includes(1)) narrow(table, own);
        if (own.includes(1) && take(table, own)) return true;
        if (performance.now() >= sliceEnds) await othersTurn();
      }
      return false;
    }

    async function othersTurn(): Promise<void> {
      hadTurn = true;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEnds = performance.now() + SLICE_MS;
    }
  }

  /** Where devices behind an id begin: the number of a block, and a place in it. */
  function placeBehind(project: ProjectId, id: string | null): { readonly number: number; readonly place: number } {
    if (id === null) return { number: 0, place: 0 };
    const { block, place } = directory.blockAfter(project, id);
    const isLeft = place < (directory.deviceBlocks(project)[block]?.entries.length ?? 0);
    return isLeft ? { number: block, place } : { number: block + 1, place: 0 };
  }

  function named(project: ProjectId, ids: readonly string[], after: string | null): readonly DeviceEntry[] {
    return [...new Set(ids)].sort().flatMap((id) => {
      const entry = after === null || id > after ? directory.device(id) : undefined;
      return entry?.device.project === project ? [entry] : [];
    });
  }

  function stepsOf({ text, selector, conditions }: DeviceQuery): Steps {
    const atOnce: Narrowing[] = [];
    const all = conditions.flatMap((condition) => (condition.kind === 'and' ? condition.sides : [condition]));
    if (selector !== null && selector.terms.length > 0) atOnce.push(selectorNarrowing(selector, ports));
    for (const condition of all) if (!isComputed(condition)) atOnce.push(conditionNarrowing(condition));
    const words = text === null ? [] : wordsOf(text).map(searchedWord);
    if (words.length > 0) atOnce.push((table, mask) => table.column(texts).narrow(words, mask));
    return { atOnce, inPieces: all.filter(isComputed).map((condition) => withinTime(conditionNarrowing(condition))) };
  }

  function conditionNarrowing(condition: Condition): Narrowing {
    const ask = blockQuestion(condition, ports);
    const truths = new Uint8Array(BLOCK_MAX);
    return (table, mask) => {
      ask(table, mask, truths);
      for (let at = 0; at < mask.length; at++) if (truths[at] !== YES) mask[at] = 0;
    };
  }

  function forgetInTime(): void {
    forgetting ??= setInterval(() => {
      tables.forget(performance.now() - KEPT_MS);
      if (tables.kept > 0 || forgetting === null) return;
      clearInterval(forgetting);
      forgetting = null;
    }, FORGET_EVERY_MS).unref();
  }
}

/** For one device after the other. */
function fitting({ atOnce, inPieces }: Steps): (entry: DeviceEntry) => boolean {
  const mask = new Uint8Array(1);
  return (entry) => {
    mask[0] = 1;
    const table = tableOf([entry]);
    for (const narrow of [...atOnce, ...inPieces]) if (mask[0] === 1) narrow(table, mask);
    return mask[0] === 1;
  };
}

function withinTime(narrow: Narrowing): Narrowing {
  return (table, mask) => {
    const began = performance.now();
    narrow(table, mask);
    if (performance.now() - began > COMPUTED_MAX_MS)
      throw new MusterError('limit_reached', `the condition takes more than ${COMPUTED_MAX_MS} ms for ${COMPUTED_AT_ONCE} devices`, {
        hint: 'Write it without loops over long lists.',
      });
  };
}

function takeNamed(found: readonly DeviceEntry[], take: Taking): void {
  for (let from = 0; from < found.length; from += BLOCK_MAX) {
    const entries = found.slice(from, from + BLOCK_MAX);
    if (take(tableOf(entries), new Uint8Array(entries.length).fill(1))) return;
  }
}

function positionOf(entry: DeviceEntry | undefined): DevicePosition | null {
  return entry === undefined ? null : { id: entry.id, key: null };
}

/** All devices, in their order: there is nothing to look for. */
function isPlain({ text, selector, conditions, ids }: DeviceQuery): boolean {
  return text === null && selector === null && conditions.length === 0 && ids === null;
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
