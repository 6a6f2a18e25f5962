import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCommitLog } from '../../../../src/lib/storage/system/commit-log.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { bundled, started } from '../../../helpers/run-bundled.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const CHILD = fileURLToPath(new URL('commit-child.ts', import.meta.url));

/** What is in the file after the writer opened it again: unit numbers of its statements, and of its samples. */
async function stored(file: string) {
  const log = createCommitLog({ file, queueMax: 10, journalBytesMax: 1e9, repeatWindowMs: 600_000, log: SILENT_LOG });
  await log.start();
  const database = openReadDatabase(file);
  const reader = openJournal(file);
  const rows = database.all<{ created_at: number }>('select created_at from projects').map((row) => row.created_at);
  const samples = [...(reader.read(0, Number.MAX_SAFE_INTEGER)?.columns.series ?? [])];
  reader.close();
  database.close();
  await log.stop();
  return { rows: rows.sort((a, b) => a - b), samples: samples.sort((a, b) => a - b) };
}

describe('a hub that dies', () => {
  it('has kept every acknowledged unit, whole, after kill -9 at any moment', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const script = await bundled(CHILD);
    const acknowledged: number[] = [];
    for (let round = 0; round < 4; round++) {
      const child = started(process.execPath, [script, file, String(round * 1_000_000)]);
      const killAfter = 1 + Math.floor(Math.random() * 600);
      let seen = 0;
      for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
        acknowledged.push(Number(line));
        if (++seen === killAfter) child.kill('SIGKILL');
      }
      expect(seen).toBeGreaterThanOrEqual(killAfter);
      const { rows, samples } = await stored(file);
      expect(samples).toEqual(rows);
      const kept = new Set(rows);
      expect(acknowledged.filter((number) => !kept.has(number))).toEqual([]);
    }
  });

  // A limit on the size of a file makes write(2) fail as a full disk does; the shell sets it, prlimit lifts it.
  it.runIf(process.platform === 'linux')('fails the units of a full disk with `storage` and goes on when there is room again', async () => {
    const file = join(temporaryFolder(), 'system.db');
    const script = await bundled(CHILD);
    const child = started('bash', ['-c', 'ulimit -S -f 2000; exec "$0" "$@"', process.execPath, script, file, '0']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const acknowledged: number[] = [];
    let failed = 0;
    let afterwards = 0;
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      if (line.startsWith('failed')) {
        expect(line).toBe('failed storage');
        if (failed++ === 50) await promisify(execFile)('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
        continue;
      }
      acknowledged.push(Number(line));
      if (failed > 50 && ++afterwards === 200) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(failed).toBeGreaterThan(50);
    expect(afterwards).toBeGreaterThanOrEqual(200);
    const { rows, samples } = await stored(file);
    expect(samples).toEqual(rows);
    const kept = new Set(rows);
    expect(acknowledged.filter((number) => !kept.has(number))).toEqual([]);
  });
});
