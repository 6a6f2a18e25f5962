import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CommitError, type Statement } from '../../../../src/lib/storage/commit-log.ts';
import { type CommitLogOptions, createCommitLog, type RunningCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { readRecentMarks } from '../../../../src/lib/storage/system/recent-marks.ts';
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

describe('broker changes and marks in the commit log', () => {
  it('share the journal entry of other units, and are written in the order in which they were given', async () => {
    const log = await opened();
    const incoming = (kind: 'put-incoming' | 'remove-incoming', packetId: number) => ({ kind, session: 1, packetId });
    const receipts = await Promise.all([
      log.commit({ samples: numbers([1, 1, 1]), changes: [incoming('put-incoming', 1), incoming('put-incoming', 2)] }),
      log.commit({ changes: [incoming('remove-incoming', 1)] }),
      log.commit({ statements: [project('a')], changes: [incoming('put-incoming', 3), incoming('put-incoming', 1)] }),
      log.commit({ samples: numbers([2, 2, 2]), changes: [incoming('remove-incoming', 3)], marks: [mark(7)] }),
    ]);
    expect(receipts.map(({ journalId }) => journalId)).toEqual([1, null, null, 1]);
    await log.stop();
    expect(packetIds()).toEqual([1, 2]);
  });

  it('are gone with a unit that is refused, and with no other', async () => {
    const log = await opened();
    const own = (id: number) => ({ changes: [{ kind: 'put-incoming', session: 1, packetId: id }] as const, marks: [mark(id)], samples: numbers([id, id, id]) });
    const results = await Promise.allSettled([
      log.commit(own(1)),
      log.commit({ ...own(2), statements: [project('a')] }),
      log.commit({ ...own(3), statements: [project('a')] }),
      log.commit(own(4)),
      log.commit({ ...own(5), statements: [project('a')] }),
      log.commit(own(6)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    await log.stop();
    expect(packetIds()).toEqual([1, 2, 4, 6]);
    expect(marked()).toEqual([1, 2, 4, 6]);
    expect([...(journal().read(0, 100)?.columns.series ?? [])]).toEqual([1, 2, 4, 6]);
  });

  it('are forgotten when they are old, and when they are too many', async () => {
    let now = 1_000_000;
    const log = await opened({ clock: () => now, repeatWindowMs: 60_000 });
    await log.commit({ marks: [mark(1)] });
    now += 59_999;
    await log.commit({ marks: [mark(2)] });
    expect(marked()).toEqual([1, 2]);
    now += 1;
    await log.commit({ marks: [mark(3)] });
    expect(marked()).toEqual([2, 3]);
    await log.stop();
    const again = await opened({ clock: () => now, repeatWindowMs: 60_000 });
    const many = Array.from({ length: 600_000 }, (_, id) => mark(id));
    await again.commit({ marks: many });
    await again.commit({ marks: many });
    expect(marked()).toHaveLength(600_000);
  });

  it('beyond the memory that they may take are refused with `overloaded`', async () => {
    const log = await opened();
    const payload = new Uint8Array(50 * 1024 * 1024);
    const message = { key: 1, topic: 't', payload, qos: 1, retain: true, properties: null, sender: null, arrivedAt: 1, expiresAt: null } as const;
    const put = () => log.commit({ changes: [{ kind: 'put-retained', message }] });
    const results = await Promise.allSettled([put(), put(), put(), log.commit({ statements: [project('a')] })]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(results[2]).toMatchObject({ reason: { reason: 'overloaded' } });
    await expect(put()).resolves.toBeDefined();
  });

  it('are told to the observer, group by group', async () => {
    const log = await opened();
    const groups: unknown[] = [];
    log.observe((group) => groups.push(group));
    await Promise.all([
      log.commit({ samples: numbers([1, 1, 1], [2, 2, 2]), changes: [{ kind: 'put-incoming', session: 1, packetId: 1 }] }),
      log.commit({ samples: numbers([3, 3, 3]) }),
    ]);
    expect(groups).toEqual([
      { journalId: 1, units: 2, samples: 3, bytes: expect.any(Number), changesLogged: 1, changesStored: 0, elapsedMs: expect.any(Number) },
    ]);
  });
});

function mark(id: number) {
  return { keyHigh: 0xffff_ffff - id, keyLow: id, accepted: 3, rejected: 2 };
}

function marked(): number[] {
  const database = openReadDatabase(file);
  const marks = readRecentMarks(database).flatMap((each) => each.marks);
  database.close();
  expect(marks.slice(0, 100)).toEqual(marks.slice(0, 100).map(({ keyLow }) => mark(keyLow)));
  return marks.map(({ keyLow }) => keyLow);
}

function packetIds(): number[] {
  const database = openReadDatabase(file);
  onTestFinished(() => database.close());
  return database.all<{ packet_id: number }>('select packet_id from broker_incoming order by packet_id').map((row) => row.packet_id);
}
