import type { CommitLog, Statement } from '../storage/commit-log.ts';

/** Writes things together that come at once: while one transaction is on its way, the next gathers. */
export interface GatheringWriter<Item> {
  /** Resolves when it is on disk; rejects when it could not be written. */
  add(item: Item): Promise<void>;
}

export function createGatheringWriter<Item>(ports: {
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly statements: (items: readonly Item[]) => readonly Statement[];
  /** They are on disk. Must not throw. */
  readonly written: (items: readonly Item[]) => void;
  /** In one transaction. */
  readonly itemsMax: number;
}): GatheringWriter<Item> {
  interface Waiting {
    readonly item: Item;
    readonly done: () => void;
    readonly failed: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isWriting = false;

  return {
    add: (item) =>
      new Promise((done, failed) => {
        waiting.push({ item, done, failed });
        if (isWriting) return;
        isWriting = true;
        // What else comes with this turn of the event loop comes along.
        setImmediate(() => void writeAll());
      }),
  };

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, ports.itemsMax);
      waiting = waiting.slice(batch.length);
      const items = batch.map(({ item }) => item);
      try {
        await ports.commits.commit({ statements: ports.statements(items) });
      } catch (error: unknown) {
        for (const { failed } of batch) failed(error);
        continue;
      }
      ports.written(items);
      for (const { done } of batch) done();
    }
    isWriting = false;
  }
}
