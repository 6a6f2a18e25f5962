import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CommitError, type Statement } from '../../../../src/lib/storage/commit-log.ts';
import { type CommitLogOptions, createCommitLog, type RunningCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

let file: string;

async function opened(options: Partial<CommitLogOptions> = {}): Promise<RunningCommitLog> {
  const log = createCommitLog({ file, queueMax: 10_000, journalBytesMax: 1e9, repeatWindowMs: 600_000, log: SILENT_LOG, ...options });
  await log.start();
  onTestFinished(() => log.stop());
  return log;
}

function project(id: string): Statement {
  return { sql: 'insert into projects (id, created_at) values (?, ?)', parameters: [id, 1] };
}
function projects(): string[] {
  const database = openReadDatabase(file);
  onTestFinished(() => database.close());
  return database.all<{ id: string }>('select id from projects order by id').map((row) => row.id);
}
function journal() {
  const reader = openJournal(file);
  onTestFinished(() => reader.close());
  return reader;
}

beforeEach(() => {
  file = join(temporaryFolder(), 'system.db');
});

describe('the commit log', () => {
  it('has samples in the journal when the promise resolves', async () => {
    const log = await opened();
    const receipt = await log.commit({ samples: numbers([1, 1000, 20.5], [2, 1000, -3]) });
    expect(receipt).toEqual({ journalId: 1, changes: [] });
    expect(log.lastJournalId).toBe(1);
    expect(journal().read(0, 100)).toEqual({ lastId: 1, columns: numbers([1, 1000, 20.5], [2, 1000, -3]) });
  });

  it('writes all units of one turn as one journal entry, in their order', async () => {
    const log = await opened();
    const receipts = await Promise.all(Array.from({ length: 500 }, (_, i) => log.commit({ samples: numbers([i, i * 10, i / 2]) })));
    expect(new Set(receipts.map((receipt) => receipt.journalId))).toEqual(new Set([1]));
    const columns = journal().read(0, 1)?.columns;
    expect(columns?.count).toBe(500);
    expect([...(columns?.series ?? [])]).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('counts the rows that each statement changed', async () => {
    const log = await opened();
    const { changes, journalId } = await log.commit({
      statements: [project('a'), project('b'), { sql: 'update projects set description = ?', parameters: ['x'] }, { sql: 'delete from users', parameters: [] }],
    });
    expect(changes).toEqual([1, 1, 2, 0]);
    expect(journalId).toBeNull();
  });

  it('undoes a refused unit alone, with its samples', async () => {
    const log = await opened();
    const results = await Promise.allSettled([
      log.commit({ statements: [project('a')], samples: numbers([1, 1, 1]) }),
      log.commit({ statements: [project('b'), project('a')], samples: numbers([2, 2, 2]) }),
      log.commit({ samples: numbers([3, 3, 3]) }),
      log.commit({ statements: [project('c')], samples: { ...numbers([4, 4, 0]), text: [[0, 'four']] } }),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { reason: 'unique', constraint: 'projects.id' } });
    expect(projects()).toEqual(['a', 'c']);
    const columns = journal().read(0, 100)?.columns;
    expect([...(columns?.series ?? [])]).toEqual([1, 3, 4]);
    expect(columns?.text).toEqual([[2, 'four']]);
  });

  it('writes no journal entry when all samples of a group are refused', async () => {
    const log = await opened();
    await log.commit({ statements: [project('a')] });
    await expect(log.commit({ statements: [project('a')], samples: numbers([1, 1, 1]) })).rejects.toMatchObject({ reason: 'unique' });
    expect(log.lastJournalId).toBe(0);
    expect(journal().read(0, 10)).toBeNull();
  });

  it('names what is missing, stale or malformed', async () => {
    const log = await opened();
    const user: Statement = {
      sql: "insert into users (id, project, name, role, password_hash, disabled, created_at, updated_at) values ('u', 'none', 'u', 'admin', 'x', 0, 1, 1)",
      parameters: [],
    };
    await expect(log.commit({ statements: [user] })).rejects.toMatchObject({ reason: 'reference', constraint: 'users' });
    const change: Statement = { sql: "update projects set description = 'x' where id = 'none'", parameters: [], mustChange: true };
    await expect(log.commit({ statements: [project('kept?'), change] })).rejects.toMatchObject({ reason: 'stale' });
    const [broken, good] = await Promise.allSettled([
      log.commit({ statements: [{ sql: 'no sql', parameters: [] }] }),
      log.commit({ statements: [project('good')] }),
    ]);
    expect(broken).toMatchObject({ status: 'rejected', reason: { reason: 'storage' } });
    expect(good).toMatchObject({ status: 'fulfilled' });
    expect(projects()).toEqual(['good']);
  });

  it('refuses with `overloaded` what exceeds the queue, and takes more when there is room', async () => {
    const log = await opened({ queueMax: 10 });
    const results = await Promise.allSettled(Array.from({ length: 15 }, (_, i) => log.commit({ samples: numbers([i, 1, 1]) })));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(10);
    for (const result of results.slice(10)) expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'overloaded' } });
    expect(log.depth).toBe(0);
    await expect(log.commit({ samples: numbers([1, 1, 1]) })).resolves.toMatchObject({ journalId: 2 });
  });

  it('refuses samples, not statements, while too much of the journal waits for the sample store', async () => {
    const log = await opened({ journalBytesMax: 200 });
    const many = () => numbers(...Array.from({ length: 10 }, (_, i) => [i, 1, 1] as const));
    await log.commit({ samples: many() });
    await expect(log.commit({ samples: many() })).rejects.toMatchObject({ reason: 'overloaded' });
    await log.commit({ statements: [project('a')] });
    log.applied(1);
    await expect(log.commit({ samples: many() })).resolves.toMatchObject({ journalId: 2 });
  });

  it('deletes applied entries with the next group, never gives an id twice, and knows what waits after a restart', async () => {
    const first = await opened();
    for (let i = 1; i <= 4; i++) await first.commit({ samples: numbers([i, i, i]) });
    first.applied(3);
    await first.stop();
    expect(journal().read(0, 100)).toMatchObject({ lastId: 4, columns: { count: 1 } });
    const second = await opened();
    expect(second.lastJournalId).toBe(4);
    expect(second.journalBytes).toBeGreaterThan(0);
    second.applied(4);
    expect(second.journalBytes).toBe(0);
    await second.stop();
    const third = await opened();
    expect(third.journalBytes).toBe(0);
    await expect(third.commit({ samples: numbers([1, 1, 1]) })).resolves.toMatchObject({ journalId: 5 });
  });

  it('writes what waits before it stops, and refuses what comes later', async () => {
    const log = await opened();
    const commits = Array.from({ length: 50 }, (_, i) => log.commit({ statements: [project(`p${i}`)] }));
    await Promise.all([log.stop(), log.stop()]);
    await expect(Promise.all(commits)).resolves.toHaveLength(50);
    expect(projects()).toHaveLength(50);
    await expect(log.commit({ samples: numbers([1, 1, 1]) })).rejects.toBeInstanceOf(CommitError);
  });

  it('carries a hundred thousand small units in seconds', async () => {
    const log = await opened({ queueMax: 200_000 });
    const began = performance.now();
    const receipts = await Promise.all(Array.from({ length: 100_000 }, (_, i) => log.commit({ samples: numbers([i, i, i]) })));
    const tookMs = performance.now() - began;
    expect(receipts.at(-1)?.journalId).toBeLessThan(20);
    // Far above what it takes (about half a second), so that only a change of its nature fails here.
    expect(tookMs).toBeLessThan(10_000);
    let rows = 0;
    const reader = journal();
    for (let part = reader.read(0, 10_000); part !== null; part = reader.read(part.lastId, 10_000)) rows += part.columns.count;
    expect(rows).toBe(100_000);
  });
});
