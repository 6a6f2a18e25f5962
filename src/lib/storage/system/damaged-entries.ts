import type { DamagedEntry } from './commit-messages.ts';
import { isCorrupt } from './driver.ts';
import { journalProblem } from './journal-codec.ts';
import type { StatementCache } from './statement-cache.ts';

/**
 * What is damaged is looked for outside of transactions: once SQLite has met a damaged page inside one, every further write of
 * that transaction fails.
 */
export interface Damage extends DamagedEntry {
  /** What can still be read of it. */
  readonly blob: Uint8Array | null;
}

const INSERT = 'insert into damaged_entries (source, entry, reason, found_at, blob) values (?, ?, ?, ?, ?)';
const ENTRY = 'select samples, blob from journal where id = ?';
const AFTER = 'select id from journal where id > ? order by id limit 1';

/** Those of these entries of the journal that are damaged. */
export function damagedJournal(statements: StatementCache, ids: Iterable<number>): Damage[] {
  const damaged: Damage[] = [];
  for (const entry of ids) {
    const { reason, blob } = examined(statements, entry);
    if (reason !== null) damaged.push({ source: 'journal', entry, reason, blob });
  }
  return damaged;
}

/** All entries of the journal, one at a time: it may be larger than the memory that is left. */
export function* journalIds(statements: StatementCache): Generator<number, void, undefined> {
  for (let id = 0; ; ) {
    const next = statements.get<{ id: number }>(AFTER, id);
    if (next === null) return;
    yield next.id;
    id = next.id;
  }
}

/** Keeps what is damaged out of the way, for whoever wants to look at it. Fails when its pages do not even let it be deleted. */
export function setAside(statements: StatementCache, damaged: readonly Damage[], now: number): void {
  for (const { source, entry, reason, blob } of damaged) {
    statements.run(INSERT, source, entry, reason, now, blob);
    statements.run(`delete from ${source} where id = ?`, entry);
  }
}

function examined(statements: StatementCache, id: number): { reason: string | null; blob: Uint8Array | null } {
  try {
    const row = statements.get<{ samples: number; blob: Uint8Array }>(ENTRY, id);
    return row === null ? { reason: null, blob: null } : { reason: journalProblem(row.blob, row.samples), blob: row.blob };
  } catch (error: unknown) {
    if (!isCorrupt(error)) throw error;
    return { reason: 'its pages in the database are damaged', blob: null };
  }
}
