import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import { bundled, started } from '../../../helpers/run-bundled.ts';
import { ALWAYS, columnsOf, gathered, ids, sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const SOURCE = fileURLToPath(new URL('store-child.ts', import.meta.url));

interface Line {
  readonly applied?: number;
  readonly committed?: number;
  readonly compacted?: number;
  readonly failed?: string;
  readonly message?: string;
}

async function* linesOf(child: ReturnType<typeof started>): AsyncGenerator<Line> {
  if (child.stdout === null) return;
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Line;
}

describe('a store whose process is killed', () => {
  it('has every committed sample once, wherever the kill falls', async () => {
    const folder = temporaryFolder();
    const script = await bundled(SOURCE);
    for (let round = 0; round < 4; round++) {
      const child = started(process.execPath, [script, folder, 'write']);
      let committed = 0;
      let lines = 0;
      for await (const line of linesOf(child)) {
        committed = line.committed ?? committed;
        expect(line.failed).toBeUndefined();
        // Applying takes most of the time here, so the kill falls into the middle of it more often than not.
        if (++lines === 60 + round * 7) child.kill('SIGKILL');
      }
      expect(committed, 'the child was killed before it did anything').toBeGreaterThan(round * 400);
      const fixture = await sampleStoreFixture(duckdb, folder);
      await fixture.store.flush(fixture.commits.lastJournalId);
      const rows = await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'series' }));
      expect(rows.length).toBeGreaterThanOrEqual(committed);
      expect(rows.length % 400).toBe(0);
      expect(rows.every(({ time }, index) => time === index)).toBe(true);
      expect(await gathered(fixture.store.read({ series: ids(2), ...ALWAYS, order: 'series' }))).toStrictEqual([sample(2, 0, rows.length - 400)]);
      await fixture.store.stop();
      await fixture.commits.stop();
    }
  }, 60_000);

  it('has every sample once, hot or filed, wherever in a compaction the kill falls', async () => {
    const folder = temporaryFolder();
    const script = await bundled(SOURCE);
    let compactions = 0;
    for (let round = 0; round < 3; round++) {
      const child = started(process.execPath, [script, folder, 'compact']);
      let committed = 0;
      for await (const line of linesOf(child)) {
        expect(line.failed).toBeUndefined();
        if (line.compacted !== undefined) compactions++;
        if (line.committed === undefined) continue;
        committed = line.committed;
        // A compaction takes about as long as this; where the kill falls in it is left to chance.
        if (committed % 1000 === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 150);
      }
      const fixture = await sampleStoreFixture(duckdb, folder);
      await fixture.store.flush(fixture.commits.lastJournalId);
      const rows = await gathered(fixture.store.read({ series: ids(1), ...ALWAYS, order: 'series' }));
      expect(rows.length).toBeGreaterThanOrEqual(committed);
      expect(rows.length % 200).toBe(0);
      expect(rows.every(({ time, value }, index) => time === Date.UTC(2020, 0, 1) + index * 3_600_000 && value === Math.floor(index / 200) * 200 + 0.5)).toBe(
        true,
      );
      const over = await gathered(fixture.store.read({ series: ids(2), ...ALWAYS, order: 'series' }));
      expect(over.map(({ value }) => value)).toEqual(Array.from({ length: 200 }, () => rows.length - 200 + 0.5));
      expect(await gathered(fixture.store.latest())).toHaveLength(2);
      expect(await fixture.store.verify()).toMatchObject({ damaged: [], unknown: [] });
      await fixture.store.stop();
      await fixture.commits.stop();
    }
    expect(compactions, 'every kill came before a compaction was through').toBeGreaterThan(2);
  }, 300_000);

  it('applies the journal from its beginning when the database file is gone', async () => {
    const folder = temporaryFolder();
    const first = await sampleStoreFixture(duckdb, folder, 20, true);
    await first.settle([sample(1, 1, 1)]);
    await first.put([sample(1, 2, 'two')]);
    await first.store.stop();
    rmSync(join(folder, 'samples'), { recursive: true });
    await first.commits.stop();
    const second = await sampleStoreFixture(duckdb, folder);
    await second.store.flush(second.commits.lastJournalId);
    expect(await gathered(second.store.read({ series: ids(1), ...ALWAYS, order: 'series' }))).toStrictEqual([sample(1, 1, 1), sample(1, 2, 'two')]);
  });

  // `ulimit -f` makes the file system refuse what goes beyond, as a full disk does.
  it.runIf(process.platform === 'linux')('says so when the disk takes no more, lives on, and goes on when there is room', async () => {
    const folder = temporaryFolder();
    const script = await bundled(SOURCE);
    const before = await sampleStoreFixture(duckdb, folder);
    await before.store.stop();
    const rows = Array.from({ length: 30_000 }, (_, index) => sample(1 + (index % 50), index, Math.random()));
    for (let from = 0; from < rows.length; from += 10_000) await before.commits.commit({ samples: columnsOf(rows.slice(from, from + 10_000)) });
    const last = before.commits.lastJournalId;
    await before.commits.stop();
    const child = started('bash', ['-c', `ulimit -S -f 300; exec "${process.execPath}" "${script}" "${folder}" apply`]);
    const failures: Line[] = [];
    let applied = 0;
    for await (const line of linesOf(child)) {
      if (line.failed !== undefined) failures.push(line);
      if (failures.length === 2) execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
      applied = line.applied ?? applied;
      if (applied === last) child.kill('SIGKILL');
    }
    expect(applied).toBe(last);
    expect(failures[0]?.failed).toBe('storage_failed');
    expect(failures[0]?.message).toContain(join(folder, 'samples', 'samples.duckdb'));
    const after = await sampleStoreFixture(duckdb, folder);
    expect((await after.store.stats()).samples).toBe(30_000);
  });
});
