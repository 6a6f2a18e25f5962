import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { weatherCsv } from '../helpers/weather.ts';

/** `point time value` of every value, from a recording whose first column is the time. */
function valuesOf(csv: string): string[] {
  const [header = '', ...lines] = csv.trim().split('\n');
  const [, ...points] = header.split(',');
  return lines
    .flatMap((line) => {
      const [time = '', ...cells] = line.split(',');
      return cells.flatMap((cell, index) => (cell === '' ? [] : [`${points[index]} ${Date.parse(`${time}Z`)} ${Number(cell)}`]));
    })
    .sort();
}

describe('a recording that is imported and exported again', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
  });
  afterAll(async () => {
    await hub.stop();
  });

  test('is the same, value by value, in every form and layout', async () => {
    const folder = temporaryFolder();
    const recording = weatherCsv();
    writeFileSync(join(folder, 'weather.csv'), recording);
    const imported = await runMuster(['import', 'weather.csv', '--device', 'station', '--create', '--json'], { env: hub.env, cwd: folder });
    expect(imported).toMatchObject({ code: 0 });
    const expected = valuesOf(recording);
    expect(JSON.parse(imported.stdout)).toMatchObject({ rows: 43, accepted: expected.length, rejected: 0, created: ['station'] });

    const long = await runMuster(['export', 'station', '--format', 'ndjson', '--time', 'epoch'], { env: hub.env });
    const rows = long.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { point: string; time: number; value: number });
    expect(rows.map(({ point, time, value }) => `${point} ${time} ${value}`).sort()).toEqual(expected);

    const wide = await runMuster(['export', 'station', '--layout', 'wide'], { env: hub.env });
    expect(valuesOf(wide.stdout.replaceAll(',station', '').replace(',device', '').replaceAll('Z,', ','))).toEqual(expected);
  });

  test('goes through a file of any form into another device, and comes out equal byte by byte', async () => {
    const folder = temporaryFolder();
    const typed = [
      { ts: 1_795_000_000_000, values: { n: -0.1, s: '007', b: true, j: { a: [1, 'x'] } } },
      { ts: 1_795_000_001_000, quality: 'uncertain', values: { n: 1e-7, s: 'a "b", c\nd', b: false, j: [1, 2] } },
      { ts: 1_795_000_002_000, values: { s: '' } },
    ];
    writeFileSync(
      join(folder, 'typed.ndjson'),
      typed
        .flatMap(({ ts, quality, values }) =>
          Object.entries(values).map(([point, value]) => `${JSON.stringify({ time: ts, device: 'typed', point, value, quality: quality ?? 'good' })}\n`),
        )
        .join(''),
    );
    expect(await runMuster(['import', 'typed.ndjson', '--create'], { env: hub.env, cwd: folder })).toMatchObject({ code: 0 });
    for (const [layout, extension] of [
      ['long', 'csv'],
      ['long', 'ndjson'],
      ['long', 'json'],
      ['wide', 'csv'],
      ['wide', 'ndjson'],
    ] as const) {
      const file = `${layout}.${extension}`;
      const copy = `copy-${layout}-${extension}`;
      expect(await runMuster(['export', 'typed', '--layout', layout, '--file', file], { env: hub.env, cwd: folder })).toMatchObject({ code: 0 });
      const imported = await runMuster(['import', file, '--device', copy, '--create'], { env: hub.env, cwd: folder });
      expect(imported.code, `${file}: ${imported.stderr}`).toBe(0);
      const again = await runMuster(['export', copy, '--layout', layout, '--format', extension], { env: hub.env });
      expect(again.stdout.replaceAll(copy, 'typed')).toBe(readFileSync(join(folder, file), 'utf8'));
    }
  });
});
