import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../../../src/lib/storage/system/journal-reader.ts';
import { brokerSteps, ordered, ScriptedBroker } from '../../../helpers/broker-script.ts';
import { bundled, started } from '../../../helpers/run-bundled.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const CHILD = fileURLToPath(new URL('broker-child.ts', import.meta.url));

/** The state after so many steps of the script. */
function stateAfter(steps: number, seed: number, payloadBytes: number) {
  const broker = new ScriptedBroker(payloadBytes);
  let left = steps;
  for (const step of brokerSteps(seed)) {
    if (left-- === 0) return broker.model.state();
    broker.step(step);
  }
}

describe('a broker whose hub is killed', () => {
  // Large payloads make the log of changes longer than its limit, so that the tables take part.
  it.each([
    [1, 200],
    [2, 40_000],
    [3, 40_000],
  ])(
    'finds its state as of the last commit that is on disk, with the samples and marks of the same commits (script %i, payloads up to %i bytes)',
    async (seed, payloadBytes) => {
      const folder = temporaryFolder();
      const child = started(process.execPath, [await bundled(CHILD), join(folder, 'system.db'), String(seed), String(payloadBytes)]);
      const killAfter = 500 + Math.floor(Math.random() * 1500);
      let acknowledged = 0;
      for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
        acknowledged = Math.max(acknowledged, Number(line));
        if (acknowledged >= killAfter) child.kill('SIGKILL');
      }
      expect(acknowledged).toBeGreaterThanOrEqual(killAfter);
      const system = await startedSystemStore(folder);
      const journal = openJournal(system.file);
      const samples: number[] = [];
      for (let part = journal.read(0, 1000); part !== null; part = journal.read(part.lastId, 1000)) samples.push(...part.columns.series);
      journal.close();
      expect(samples.length).toBeGreaterThanOrEqual(acknowledged);
      expect(samples).toEqual(Array.from({ length: samples.length }, (_, index) => index + 1));
      const marks = (await system.recentMarks()).flatMap((each) => each.marks.map(({ keyHigh }) => keyHigh));
      expect(marks).toEqual(samples);
      expect(ordered(await system.broker.load())).toEqual(stateAfter(samples.length, seed, payloadBytes));
    },
  );
});
