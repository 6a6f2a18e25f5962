import { crc32 } from 'node:zlib';
import { messageOf } from '../../errors/muster-error.ts';
import { changeRecords, decodeChange } from './change-codec.ts';
import { openReadDatabase, type ReadDatabase } from './database.ts';
import { journalProblem } from './journal-codec.ts';

/** What was looked at, and what is wrong with it. */
export interface SystemCheck {
  /** Of the database, all of them. */
  readonly pages: number;
  readonly journalEntries: number;
  readonly brokerLogEntries: number;
  readonly problems: readonly string[];
  /** False: it took too long, and only a part was looked at. */
  readonly complete: boolean;
}

const PROBLEMS_MAX = 100;

/**
 * Reads the system database to its end: pages, indexes and references, the checksum of each entry of the journal and of the broker's log, and
 * the changes in the latter. It reads the whole file, so it is to run in a thread of its own.
 */
export function checkSystem(file: string): SystemCheck {
  const database = openReadDatabase(file);
  const problems: string[] = [];
  const note = (problem: string) => void (problems.length < PROBLEMS_MAX && problems.push(problem));
  const attempt = (what: string, look: () => void) => {
    try {
      look();
    } catch (error: unknown) {
      note(`${what} cannot be read: ${messageOf(error)}`);
    }
  };
  let journalEntries = 0;
  let brokerLogEntries = 0;
  try {
    attempt('the database', () => {
      for (const { integrity_check: said } of database.all<{ integrity_check: string }>(`pragma integrity_check(${PROBLEMS_MAX})`))
        if (said !== 'ok') note(said.replaceAll('\n', ' '));
      const broken = database.all<{ table: string; parent: string }>('pragma foreign_key_check');
      if (broken.length > 0) note(`${broken.length} rows refer to what is not there, such as one of ${broken[0]?.table} to ${broken[0]?.parent}`);
    });
    for (const id of idsOf(database, 'journal', attempt)) {
      journalEntries += 1;
      attempt(`journal entry ${id}`, () => {
        const row = database.get<{ samples: number; blob: Uint8Array }>('select samples, blob from journal where id = ?', id);
        const problem = row === null ? null : journalProblem(row.blob, row.samples);
        if (problem !== null) note(`journal entry ${id}: ${problem}`);
      });
    }
    for (const id of idsOf(database, 'broker_log', attempt)) {
      brokerLogEntries += 1;
      attempt(`entry ${id} of the broker's log`, () => {
        const row = database.get<{ crc: number; blob: Uint8Array }>('select crc, blob from broker_log where id = ?', id);
        if (row === null) return;
        if (crc32(row.blob) !== row.crc) return note(`entry ${id} of the broker's log: the checksum is wrong`);
        const bytes = Buffer.from(row.blob.buffer, row.blob.byteOffset, row.blob.length);
        for (const record of changeRecords(bytes)) decodeChange(bytes, record);
      });
    }
    let pages = 0;
    attempt('the database', () => {
      pages = database.get<{ page_count: number }>('pragma page_count')?.page_count ?? 0;
    });
    return { pages, journalEntries, brokerLogEntries, problems, complete: true };
  } finally {
    database.close();
  }
}

/** One at a time, so that what the hub writes meanwhile need not be kept for this reader. */
function* idsOf(database: ReadDatabase, table: 'journal' | 'broker_log', attempt: (what: string, look: () => void) => void): Generator<number> {
  for (let id = 0; ; ) {
    let next: { id: number } | null = null;
    attempt(`what is behind entry ${id} of ${table}`, () => {
      next = database.get<{ id: number }>(`select id from ${table} where id > ? order by id limit 1`, id);
    });
    if (next === null) return;
    id = (next as { id: number }).id;
    yield id;
  }
}
