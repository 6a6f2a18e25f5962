import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isName, isPointPath } from '../../../src/lib/domain/ids.ts';
import { BUNDLED_RECORDINGS, recordingFile } from '../../../src/lib/simulation/demo/recordings.ts';
import { inspectRecording } from '../../../src/lib/simulation/recording.ts';

const forever = new AbortController().signal;
const THREE_WEEKS = 21 * 86_400_000;

describe.each(BUNDLED_RECORDINGS)('the bundled recording $file', (recording) => {
  it('is there, small, and can be replayed as it is described', async () => {
    const file = recordingFile(recording);
    expect(statSync(file).size).toBeLessThan(300_000);
    const summary = await inspectRecording(
      file,
      { time: recording.timeColumn, points: new Map(recording.points.map(({ column, path }) => [column, path])) },
      forever,
    );
    expect(summary.points.map(({ path }) => path).sort()).toEqual(recording.points.map(({ path }) => path).sort());
    expect(summary.points.every(({ valueType }) => valueType === 'number')).toBe(true);
    expect(isName(recording.device) && recording.points.every(({ path }) => isPointPath(path))).toBe(true);
    // All of them end together, and no sample hides another: sent is stored.
    expect(summary.latest - summary.first).toBe(THREE_WEEKS);
    expect(summary.repeated).toBe(0);
  });

  it('has its source and licence beside it', () => {
    const folder = dirname(recordingFile(recording));
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    const line = readme.split('\n').find((text) => text.includes(`\`${recording.file}\``));
    expect(line).toContain(recording.licence.split(' ')[0]);
    if (line?.includes('MIT')) expect(existsSync(join(folder, 'LICENSE-NAB-MIT.txt'))).toBe(true);
  });
});
