import { describe, expect, it } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import type { SampleColumns } from '../../../../src/lib/storage/sample-columns.ts';
import { ALWAYS, ids, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const ROWS = 1_000_000;
const BATCH = 50_000;

function batchFrom(start: number): SampleColumns {
  return {
    count: BATCH,
    series: Float64Array.from({ length: BATCH }, (_, index) => 1 + (index % 100)),
    time: Float64Array.from({ length: BATCH }, (_, index) => Math.floor((start + index) / 100) * 1000),
    number: Float64Array.from({ length: BATCH }, (_, index) => start + index),
    tag: new Uint8Array(BATCH),
    flags: new Uint8Array(BATCH),
    text: [],
  };
}

describe('reading much', () => {
  it('takes neither the memory of all rows nor the event loop', async () => {
    const fixture = await sampleStoreFixture(duckdb, temporaryFolder());
    for (let start = 0; start < ROWS; start += BATCH) await fixture.commits.commit({ samples: batchFrom(start) });
    await fixture.store.flush(fixture.commits.lastJournalId);
    const series = ids(...Array.from({ length: 100 }, (_, index) => index + 1));
    // Turns of the event loop, not their time: that would measure the machine.
    let turns = 0;
    let reading = true;
    const turn = () => {
      turns++;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    let rows = 0;
    let chunks = 0;
    let chunkMax = 0;
    let heapMax = 0;
    const heapBefore = process.memoryUsage().heapUsed;
    for await (const chunk of fixture.store.read({ series, ...ALWAYS, order: 'series' })) {
      rows += chunk.length;
      chunks++;
      chunkMax = Math.max(chunkMax, chunk.length);
      if (rows % 40_960 === 0) heapMax = Math.max(heapMax, process.memoryUsage().heapUsed - heapBefore);
    }
    reading = false;
    expect(rows).toBe(ROWS);
    expect(chunkMax).toBeLessThan(10_000);
    // A million rows as objects are more than 100 MB; what is not yet collected may be some tens.
    expect(heapMax).toBeLessThan(80 * 2 ** 20);
    expect(turns).toBeGreaterThan(chunks / 4);
  }, 60_000);
});
