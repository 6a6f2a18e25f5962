import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { createSystemStore } from '../../../../src/lib/storage/system/create-system-store.ts';
import { openDatabase } from '../../../../src/lib/storage/system/driver.ts';
import { MIGRATIONS, migrate } from '../../../../src/lib/storage/system/schema.ts';
import { anAlarm, anEvent } from '../../../helpers/alarming.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

function opened(file: string) {
  const database = openDatabase(file, { readOnly: false });
  onTestFinished(() => void (database.isOpen && database.close()));
  return database;
}
const version = (database: ReturnType<typeof opened>) => (database.prepare('pragma user_version').get() as { user_version: number }).user_version;
const FIRST = 'create table a (id text primary key); create table b (a text references a (id))';

describe('migrations', () => {
  it('run in their order, once, each as a whole', () => {
    const file = join(temporaryFolder(), 'x.db');
    const database = opened(file);
    migrate(database, file, [FIRST]);
    database.exec("insert into a values ('kept')");
    expect(existsSync(`${file}.v1.backup`)).toBe(false);
    const broken = [FIRST, 'alter table a add column c text', 'alter table a add column d text; no sql'];
    expect(() => migrate(database, file, broken)).toThrow();
    expect(version(database)).toBe(2);
    expect(Object.keys(database.prepare('select * from a').get() as object)).toEqual(['id', 'c']);
    migrate(database, file, [FIRST, 'alter table a add column c text', 'alter table a add column d text']);
    expect(version(database)).toBe(3);
    expect(database.prepare('pragma foreign_keys').get()).toEqual({ foreign_keys: 1 });
  });

  it('leave a copy of the database as it was', () => {
    const file = join(temporaryFolder(), "x'y.db");
    const database = opened(file);
    migrate(database, file, [FIRST]);
    database.exec("insert into a values ('kept')");
    migrate(database, file, [FIRST, 'drop table b; drop table a']);
    const copy = opened(`${file}.v1.backup`);
    expect(version(copy)).toBe(1);
    expect(copy.prepare('select id from a').all()).toEqual([{ id: 'kept' }]);
  });

  it('are undone when they break a reference', () => {
    const file = join(temporaryFolder(), 'x.db');
    const database = opened(file);
    migrate(database, file, [FIRST]);
    database.exec("insert into a values ('x'); insert into b values ('x')");
    expect(() => migrate(database, file, [FIRST, 'delete from a'])).toThrow(/references/);
    expect(version(database)).toBe(1);
    expect(database.prepare('select count(*) as count from a').get()).toEqual({ count: 1 });
  });
});

describe('a database of an older release', () => {
  it.each(MIGRATIONS.slice(0, -1).map((_, index) => index + 1))(
    'of version %i takes alarms after a start, loses nothing, and is kept as it was',
    async (from) => {
      const folder = temporaryFolder();
      const file = join(folder, 'system.db');
      const old = opened(file);
      migrate(old, file, MIGRATIONS.slice(0, from));
      old.exec("insert into projects (id, created_at) values ('default', 1)");
      const tables = old.prepare('select name, sql from sqlite_schema order by name').all();
      old.close();
      const system = await startedSystemStore(folder);
      expect(await system.projects.all()).toMatchObject([{ id: 'default' }]);
      await system.log.commit({ statements: [system.alarming.alarms.put([anAlarm('a')]), system.alarming.events.insert([anEvent('e')])] });
      expect(await system.alarming.alarms.live()).toEqual([anAlarm('a')]);
      await system.stop();
      const copy = opened(`${file}.v${from}.backup`);
      expect(version(copy)).toBe(from);
      expect(copy.prepare('select id from projects').all()).toEqual([{ id: 'default' }]);
      expect(copy.prepare('select name, sql from sqlite_schema order by name').all()).toEqual(tables);
    },
  );
});

describe('a database file', () => {
  async function startError(file: string): Promise<unknown> {
    const log = createCommitLog({ file, queueMax: 10, journalBytesMax: 1e6, repeatWindowMs: 600_000, log: SILENT_LOG });
    onTestFinished(() => log.stop());
    return log.start().then(
      () => null,
      (error: unknown) => error,
    );
  }

  it('of a newer release is refused and left alone', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const database = opened(file);
    database.exec(`pragma user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    expect(await startError(file)).toMatchObject({ code: 'storage_failed', message: expect.stringContaining(file), hint: expect.stringContaining('newer') });
  });

  it('that is damaged, or none, is refused by name and left alone', async () => {
    const file = join(temporaryFolder(), 'system.db');
    writeFileSync(file, 'these are the words of a text file, not a database. '.repeat(200));
    const before = readFileSync(file);
    expect(await startError(file)).toMatchObject({ code: 'storage_failed', message: expect.stringContaining(file), hint: expect.stringContaining('backup') });
    expect(readFileSync(file)).toEqual(before);
    const nowhere = join(temporaryFolder(), 'none', 'system.db');
    expect(await startError(nowhere)).toMatchObject({ code: 'storage_failed', message: expect.stringContaining(nowhere) });
  });

  it.runIf(process.platform !== 'win32')('is read by nobody else', async () => {
    const file = join(temporaryFolder(), 'system.db');
    expect(await startError(file)).toBeNull();
    for (const each of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(each).mode & 0o077).toBe(0);
  });

  it('is closed twice without harm, and not read when closed', async () => {
    const system = createSystemStore({ folder: temporaryFolder(), queueMax: 10, journalBytesMax: 1e6, repeatWindowMs: 600_000, log: SILENT_LOG });
    await expect(system.projects.all()).rejects.toMatchObject({ code: 'stopping' });
    await system.start();
    await system.stop();
    await system.stop();
    await expect(system.projects.all()).rejects.toMatchObject({ code: 'stopping' });
  });
});
