import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { bindable } from '../../../../src/lib/storage/system/driver.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('the driver', () => {
  it('keeps a database alive as long as what reads from it', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const log = createCommitLog({ file, queueMax: 10, journalBytesMax: 1e6, repeatWindowMs: 600_000, log: SILENT_LOG });
    await log.start();
    onTestFinished(() => log.stop());
    await log.commit({ samples: numbers([1, 1, 1]), statements: [{ sql: "insert into projects (id, created_at) values ('a', 1)", parameters: [] }] });
    const database = openReadDatabase(file);
    const journal = openJournal(file);
    const read = () => [database.all<{ id: string }>('select id from projects'), journal.read(0, 10)?.lastId];
    expect(read()).toEqual([[{ id: 'a' }], 1]);
    for (let i = 0; i < 5; i++) {
      collectGarbage();
      // Finalizers run between turns.
      await turn();
      expect(read()).toEqual([[{ id: 'a' }], 1]);
    }
    database.close();
    database.close();
    journal.close();
    journal.close();
  });

  it('binds no NUL, and leaves other parameters as they are', () => {
    const plain = ['a', 1, null, new Uint8Array([0])];
    expect(bindable(plain)).toBe(plain);
    expect(bindable(['a\0b\0', 1])).toEqual(['a\u2400b\u2400', 1]);
  });
});
