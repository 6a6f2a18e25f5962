import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BacktestQuery, BacktestResult, Backtests } from '../../src/lib/backtest/backtest.ts';
import { type BacktestPorts, createBacktests } from '../../src/lib/backtest/create-backtests.ts';
import type { ProjectId } from '../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { SAMPLE_STORE_ENGINES } from '../../src/lib/storage/registry.ts';
import type { SampleRow } from '../../src/lib/storage/sample-store.ts';
import { aDevice, aPoint } from './fleet.ts';
import { recordedSamples } from './recorded-samples.ts';
import { type SampleStoreFixture, sampleStoreFixture } from './sample-store-fixture.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The bundled slices; MUSTER_RECORDINGS names a folder with the recordings whole. */
export function recordingFile(name: string): string {
  const whole = process.env.MUSTER_RECORDINGS;
  return whole === undefined ? fileURLToPath(new URL(`../../assets/recordings/${name}.csv`, import.meta.url)) : join(whole, `${name}.csv`);
}

export interface BacktestFixture {
  readonly backtests: Backtests;
  readonly directory: Directory;
  readonly samples: SampleStoreFixture;
  run(documents: readonly JsonValue[], more?: Partial<BacktestQuery>, signal?: AbortSignal): Promise<BacktestResult>;
}

/** A real sample store with these points, of one device each, and a back-test in a thread of its own. */
export async function backtestFixture(
  points: readonly { readonly device: string; readonly path: string; readonly series: number; readonly labels?: Record<string, string> }[],
  rows: readonly SampleRow[],
  ports: Partial<BacktestPorts> = {},
): Promise<BacktestFixture> {
  const [engine] = SAMPLE_STORE_ENGINES;
  if (engine === undefined) throw new Error('there is no engine');
  const samples = await sampleStoreFixture(engine, temporaryFolder());
  for (let at = 0; at < rows.length; at += 20_000) await samples.settle(rows.slice(at, at + 20_000));
  const directory = new Directory();
  for (const { device, path, series, labels } of points) {
    if (directory.device(device) === undefined) directory.putDevice(aDevice(device, { createdAt: 1e13, ...(labels && { labels }) }));
    directory.putPoint(aPoint(device, path, series));
  }
  const backtests = createBacktests({ store: samples.store, directory, current: async () => {}, clock: () => 2e12, runningMax: 2, ...ports });
  return {
    backtests,
    directory,
    samples,
    run(documents, more = {}, signal = new AbortController().signal) {
      const [first, second] = documents.map((document) => ({ version: null, document }));
      if (first === undefined) throw new Error('no rule');
      return backtests.run(
        {
          project: 'default' as ProjectId,
          rules: second === undefined ? [first] : [first, second],
          from: Math.min(...rows.map(({ time }) => time)),
          to: Math.max(...rows.map(({ time }) => time)) + 1,
          devices: null,
          points: null,
          late: 'use',
          parts: 100,
          occurrencesMax: 10_000,
          subjectsMax: 1000,
          ...more,
        },
        signal,
        () => {},
      );
    },
  };
}

/** A recording as the points of a device, its columns in order. */
export async function recordingBacktests(name: string, columns: readonly string[]): Promise<BacktestFixture> {
  return backtestFixture(
    columns.map((path, index) => ({ device: name, path, series: index + 1 })),
    recordedSamples(recordingFile(name), 1),
  );
}
