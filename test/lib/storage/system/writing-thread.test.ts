import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBroker } from '../../../../src/lib/storage/system/broker.ts';
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { numbers } from '../../../helpers/sample-columns.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

/** More objects than the heap of the thread takes. */
function greedy() {
  return Array.from({ length: 400_000 }, (_, i) => ({ sql: 'update projects set description = ? where id = ?', parameters: [`x${i}`.repeat(20), `${i}`] }));
}

describe('a writing thread that dies', () => {
  it('is started again: what was on its way is failed, nothing acknowledged is lost, and the next commits find everything in place', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const said: string[] = [];
    const log = createCommitLog({
      file,
      queueMax: 100,
      journalBytesMax: 1e9,
      repeatWindowMs: 600_000,
      threadHeapMb: 24,
      log: { ...SILENT_LOG, error: (_, text) => void said.push(text), info: (_, text) => void said.push(text) },
    });
    await log.start();
    onTestFinished(() => log.stop());
    await log.commit({ samples: numbers([1, 1, 1]), changes: [{ kind: 'put-incoming', session: 1, packetId: 1 }] });
    await log.commit({ samples: numbers([2, 2, 2]), changes: [{ kind: 'put-retained', message: retained('kept') }] });
    log.applied(1);
    const lost = await Promise.allSettled([log.commit({ statements: greedy() }), log.commit({ samples: numbers([3, 3, 3]) })]);
    expect(lost).toMatchObject([
      { status: 'rejected', reason: { reason: 'storage' } },
      { status: 'rejected', reason: { reason: 'storage' } },
    ]);
    expect(log.failing).toBe(true);
    expect(log.depth).toBe(0);
    await expect(log.commit({ samples: numbers([4, 4, 4]) })).rejects.toMatchObject({ reason: 'storage', message: expect.stringContaining('started again') });
    await waitUntil(() => !log.failing, 'the thread is back', 10_000);
    expect(log.counts.restarts).toBe(1);
    expect(said).toEqual(['the writing thread ended; the hub refuses to write until it is back', 'the writing thread is back']);
    const receipt = await log.commit({ samples: numbers([5, 5, 5]), changes: [{ kind: 'put-retained', message: retained('new') }] });
    log.applied(receipt.journalId ?? 0);
    expect(log.journalBytes).toBe(0);
    await log.stop();
    const database = openReadDatabase(file);
    onTestFinished(() => database.close());
    const { retained: messages } = await createBroker(() => database, log, SILENT_LOG).load();
    expect(messages.map(({ topic }) => topic)).toEqual(['kept', 'new']);
    const journal = openJournal(file);
    onTestFinished(() => journal.close());
    expect(journal.read(0, 100)).toBeNull();
  });

  it('may be stopped while it is away', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const log = createCommitLog({ file, queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 0, threadHeapMb: 24, log: SILENT_LOG });
    await log.start();
    await log.commit({ statements: greedy() }).catch(() => undefined);
    expect(log.failing).toBe(true);
    await log.stop();
    await expect(log.commit({ samples: numbers([1, 1, 1]) })).rejects.toMatchObject({ message: 'the hub is not writing' });
  });
});

function retained(topic: string) {
  return { key: 1, topic, payload: new Uint8Array(3), qos: 1, retain: true, properties: null, sender: null, arrivedAt: 1, expiresAt: null } as const;
}
