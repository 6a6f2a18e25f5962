import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CHANGES_MAX } from '../../../src/lib/backtest/subject-tally.ts';
import { requirePeer } from '../../helpers/peers.ts';
import { recordingBacktests, recordingFile } from '../../helpers/recorded-backtests.ts';

const MINUTE = 60_000;
const BANDS = [
  [{ level: 'major', high: 95, deadband: 2 }, { level: 'critical', high: 100, deadband: 1 }, { level: 'minor', low: 80, deadband: 5 }],
  [{ level: 'warning', high: 90 }, { level: 'minor', high: 93, deadband: 1 }, { level: 'major', high: 97, deadband: 4 }, { level: 'critical', high: 99, deadband: 0.5 }],
]; // biome-ignore format: a rule a line
const DELAYS = [[0, 0], [12, 0], [0, 17], [23, 41], [60, 7]] as const; // biome-ignore format: pairs
const REPEATS = [null, { times: 3, within: 20 }, { times: 5, within: 60 }] as const;

it('a back-test of bands with deadbands, delays and repeats says what a Python script says of the same recording', async (context) => {
  requirePeer('python3', context);
  const fixture = await recordingBacktests('machine-temperature', ['value']);
  let changes = 0;
  for (const bands of BANDS) {
    for (const [on, off] of DELAYS) {
      for (const repeat of REPEATS) {
        const document = {
          id: 'checked',
          scope: { points: 'value' },
          when: { bands },
          ...(on > 0 && { onDelay: `${on}m` }),
          ...(off > 0 && { offDelay: `${off}m` }),
          ...(repeat && { repeat: { times: repeat.times, within: `${repeat.within}m` } }),
        };
        const { rules } = await fixture.run([document as never]);
        const found = rules[0]?.occurrences.map((each) => ({
          changes: each.changes.map(({ time, level }) => [time, level]),
          changesCount: each.changesCount,
          clearedAt: each.clearedAt,
        }));
        const wanted = byPython({
          bands,
          onDelay: on * MINUTE,
          offDelay: off * MINUTE,
          repeat: repeat && { times: repeat.times, within: repeat.within * MINUTE },
        });
        expect(found, JSON.stringify(document)).toEqual(occurrencesOf(wanted));
        changes += wanted.length;
      }
    }
  }
  expect(changes).toBeGreaterThan(1000);
}, 120_000);

/** Changes up to each return to normal; of many only the first are told. */
function occurrencesOf(changes: readonly (readonly [time: number, level: string | null])[]) {
  const occurrences: { changes: (readonly [number, string | null])[]; changesCount: number; clearedAt: number | null }[] = [];
  let standing = false;
  for (const [time, level] of changes) {
    const last = standing ? occurrences.at(-1) : undefined;
    if (level === null) {
      if (last !== undefined) last.clearedAt = time;
    } else if (last === undefined) occurrences.push({ changes: [[time, level]], changesCount: 1, clearedAt: null });
    else {
      last.changesCount += 1;
      if (last.changes.length < CHANGES_MAX) last.changes.push([time, level]);
    }
    standing = level !== null;
  }
  return occurrences;
}

function byPython(rule: object): [time: number, level: string | null][] {
  const input = JSON.stringify({ file: recordingFile('machine-temperature'), time: 'timestamp', column: 'value', rule });
  const { stdout, stderr, status } = spawnSync('python3', [fileURLToPath(new URL('reference.py', import.meta.url))], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
