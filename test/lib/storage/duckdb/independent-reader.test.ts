import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, type TestContext } from 'vitest';
import { duckdb } from '../../../../src/lib/storage/duckdb/definition.ts';
import { recordedSamples } from '../../../helpers/recorded-samples.ts';
import { sample, sampleStoreFixture } from '../../../helpers/sample-store-fixture.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

/** What is used of `hyparquet`, a reader of Parquet that shares no code with the engine that writes. */
interface Reader {
  asyncBufferFromFile(path: string): Promise<unknown>;
  parquetReadObjects(options: { file: unknown; compressors: unknown }): Promise<Record<string, unknown>[]>;
}

/** MUSTER_PARQUET_READER names a node_modules folder that has it, when ours has not. */
async function independentReader(context: Pick<TestContext, 'skip'>): Promise<{ reader: Reader; compressors: unknown }> {
  const folder = process.env.MUSTER_PARQUET_READER;
  const named = (name: string, file: string) => (folder === undefined ? name : pathToFileURL(join(folder, name, file)).href);
  try {
    const reader = (await import(/* @vite-ignore */ named('hyparquet', 'src/node.js'))) as Reader;
    const { compressors } = (await import(/* @vite-ignore */ named('hyparquet-compressors', 'src/index.js'))) as { compressors: unknown };
    return { reader, compressors };
  } catch (error: unknown) {
    const reason = `hyparquet is not installed (${error instanceof Error ? error.message : String(error)})`;
    if (process.env.MUSTER_REQUIRE_PEERS === '1') throw new Error(reason);
    process.stderr.write(`SKIPPED: ${reason}\n`);
    context.skip(reason);
    throw new Error(reason);
  }
}

it('finds every value of the files to the last bit, as the documentation says to read them', async (context) => {
  const { reader, compressors } = await independentReader(context);
  const folder = temporaryFolder();
  const fixture = await sampleStoreFixture(duckdb, folder);
  const recorded = ['weather-hourly', 'machine-temperature', 'ambient-temperature'].flatMap((name, at) =>
    recordedSamples(`assets/recordings/${name}.csv`, 1 + at * 10),
  );
  const odd = [sample(50, -1, -0), sample(50, 1, 1e300), sample(50, 2, true), sample(51, 3, 'Wärme'), sample(52, 4, { a: [1] })];
  const expected = new Map([...recorded, ...odd].map(({ series, time, value }) => [`${series} ${time}`, value]));
  await fixture.settle([...recorded, ...odd]);
  await fixture.store.compact({ now: Date.now(), scope: 'all' });
  const files = readdirSync(join(folder, 'samples', 'parquet'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  let rows = 0;
  for (const { parentPath, name } of files) {
    const file = await reader.asyncBufferFromFile(join(parentPath, name));
    for (const row of await reader.parquetReadObjects({ file, compressors })) {
      rows++;
      const { series, time, value, residue, text, kind } = row as {
        series: bigint;
        time: Date;
        value: number | null;
        residue: number | null;
        text: string;
        kind: string;
      };
      // This reader multiplies a decimal by 1e-8, which rounds once more than a division does.
      const read = value !== null && name.endsWith('.decimal.parquet') ? Number(value.toFixed(8)) : value;
      const number = residue === null ? read : read === 0 ? residue : (read ?? 0) + residue;
      const found = kind === 'boolean' ? number === 1 : kind === 'string' ? text : kind === 'json' ? JSON.parse(text) : number;
      const wanted = expected.get(`${series} ${time.getTime()}`);
      if (typeof wanted === 'object') expect(found).toEqual(wanted);
      else if (!Object.is(found, wanted)) throw new Error(`${series} at ${time.toISOString()} is ${String(found)} instead of ${String(wanted)} in ${name}`);
    }
  }
  expect(rows).toBe(expected.size);
}, 60_000);
