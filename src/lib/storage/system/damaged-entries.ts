import type { DamagedEntry } from './commit-messages.ts';
import { primaryCode } from './driver.ts';
import { journalProblem } from './journal-codec.ts';
import type { StatementCache } from './statement-cache.ts';

const INSERT = 'insert into damaged_entries (source, entry, reason, found_at, blob) values (?, ?, ?, ?, ?)';
const ENTRY = 'select samples, blob from journal where id = ?';
const AFTER = 'select id from journal where id > ? order by id limit 1';
/** https://sqlite.org/rescode.html#corrupt */
const CORRUPT = 11;

/** Keeps what is damaged out of the way, for whoever wants to look at it. */
export function setAside(statements: StatementCache, found: DamagedEntry & { readonly foundAt: number; readonly blob: Uint8Array | null }): DamagedEntry {
  const { source, entry, reason, foundAt, blob } = found;
  statements.run(INSERT, source, entry, reason, foundAt, blob);
  return { source, entry, reason };
}

/** Sets aside each of these entries of the journal that is damaged, in the transaction that is open. */
export function setAsideDamaged(statements: StatementCache, ids: Iterable<number>, now: number): DamagedEntry[] {
  const damaged: DamagedEntry[] = [];
  for (const id of ids) {
    const { reason, blob } = examined(statements, id);
    if (reason === null) continue;
    damaged.push(setAside(statements, { source: 'journal', entry: id, reason, foundAt: now, blob }));
    statements.run('delete from journal where id = ?', id);
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

function examined(statements: StatementCache, id: number): { reason: string | null; blob: Uint8Array | null } {
  try {
    const row = statements.get<{ samples: number; blob: Uint8Array }>(ENTRY, id);
    return row === null ? { reason: null, blob: null } : { reason: journalProblem(row.blob, row.samples), blob: row.blob };
  } catch (error: unknown) {
    if (primaryCode(error) !== CORRUPT) throw error;
    return { reason: 'its pages in the database are damaged', blob: null };
  }
}
