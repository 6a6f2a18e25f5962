import type { DeviceEntry } from '../directory.ts';
import type { DeviceBlock } from '../sorted-devices.ts';

/** One thing that is known of each device of a block, by their places in it. Two kinds with one key are the same. */
export interface ColumnKind<Value> {
  readonly key: string;
  /** `before`: what it was before the block changed, which nobody reads any more. */
  build(entries: readonly DeviceEntry[], before?: Value): Value;
}

/** Some devices, by id, and what they were asked for. To be read within one step: the list is the living one, and devices come and go. */
export interface BlockTable {
  readonly entries: readonly DeviceEntry[];
  column<Value>(kind: ColumnKind<Value>): Value;
}

/** Columns of all blocks: each is made when it is first asked for, and again when its block has changed. */
export interface BlockTables {
  of(block: DeviceBlock<DeviceEntry>): BlockTable;
  /** Throws away columns that nobody has asked for since then, ms. */
  forget(since: number): void;
  /** Kinds of columns that are kept. */
  readonly kept: number;
}

interface Kept {
  askedAt: number;
  readonly ofBlocks: WeakMap<DeviceBlock<DeviceEntry>, { readonly changes: number; readonly value: unknown }>;
}

/** Keeps `kindsMax` kinds of columns: of one more, the one that was not asked for the longest is thrown away. */
export function createBlockTables(kindsMax: number, clock: () => number): BlockTables {
  const kinds = new Map<string, Kept>();
  return {
    of(block) {
      const { entries } = block;
      return {
        entries,
        column<Value>(kind: ColumnKind<Value>): Value {
          const { ofBlocks } = keptOf(kind.key);
          const known = ofBlocks.get(block);
          if (known !== undefined && known.changes === block.changes) return known.value as Value;
          const value = kind.build(entries, known?.value as Value | undefined);
          ofBlocks.set(block, { changes: block.changes, value });
          return value;
        },
      };
    },
    forget(since) {
      for (const [key, { askedAt }] of kinds) if (askedAt < since) kinds.delete(key);
    },
    get kept() {
      return kinds.size;
    },
  };

  function keptOf(key: string): Kept {
    let kept = kinds.get(key);
    if (kept === undefined) {
      if (kinds.size >= kindsMax) forgetOldest();
      kept = { askedAt: 0, ofBlocks: new WeakMap() };
      kinds.set(key, kept);
    }
    kept.askedAt = clock();
    return kept;
  }

  function forgetOldest(): void {
    let oldest: string | null = null;
    let asked = Number.POSITIVE_INFINITY;
    for (const [key, { askedAt }] of kinds) {
      if (askedAt >= asked) continue;
      oldest = key;
      asked = askedAt;
    }
    if (oldest !== null) kinds.delete(oldest);
  }
}

/** Of devices that are no block: columns are made for this one time. */
export function tableOf(entries: readonly DeviceEntry[]): BlockTable {
  return { entries, column: (kind) => kind.build(entries) };
}
