import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectRecording, type RecordingColumns, readCell, readRecording } from '../../../src/lib/simulation/recording.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const ALL: RecordingColumns = { time: null, points: null };
const forever = new AbortController().signal;

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'recording.csv');
  writeFileSync(file, text);
  return file;
}

async function rowsOf(text: string, columns: RecordingColumns = ALL) {
  const rows = [];
  for await (const row of readRecording(fileOf(text), columns)) rows.push(row);
  return rows;
}

describe('a recording', () => {
  it('reads times without a zone as UTC, and with one as they say', async () => {
    const rows = await rowsOf('timestamp,value\n2014-01-07 02:00:00,1\n2014-01-07T02:00:00Z,2\n2014-01-07T03:00:00+01:00,3\n1389060000,4\n1389060000000,5\n');
    expect(new Set(rows.map(({ time }) => time))).toEqual(new Set([Date.UTC(2014, 0, 7, 2)]));
    expect(rows.map(({ values }) => values.value)).toEqual([1, 2, 3, 4, 5]);
  });

  it('maps columns to points and leaves the others and empty cells out', async () => {
    const rows = await rowsOf('a,t,b,c\n1,2020-01-01,2,3\n,2020-01-02,,4\n', {
      time: 't',
      points: new Map([
        ['a', 'air/temperature'],
        ['b', 'pump'],
      ]),
    });
    expect(rows.map(({ values }) => values)).toEqual([{ 'air/temperature': 1, pump: 2 }, {}]);
  });

  it('names every other column as a point when nothing is mapped', async () => {
    expect((await rowsOf('Date,Outside Temp\n2020-01-01,7\n'))[0]?.values).toEqual({ Outside_Temp: 7 });
  });

  it('survives a byte order mark, quotes, CRLF and empty lines', async () => {
    expect(await rowsOf('\ufeff"time","state"\r\n"2020-01-01T00:00:00Z","a ""b"", c"\r\n\r\n')).toEqual([
      { time: Date.UTC(2020, 0, 1), values: { state: 'a "b", c' } },
    ]);
  });

  it.each([
    ['1', 1],
    ['-1.5e3', -1500],
    ['.5', 0.5],
    ['true', true],
    ['0x10', '0x10'],
    ['1e999', '1e999'],
    ['NaN', 'NaN'],
    ['', null],
  ])('takes the cell %j for %j', (text, value) => {
    expect(readCell(text)).toEqual(value);
  });

  it('finds repeated times and a step back, as the machine recording has them', async () => {
    const summary = await inspectRecording('test/fixtures/recordings/machine-step-back.csv', ALL, forever);
    expect(summary).toMatchObject({ rows: 61, samples: 61, stepsBack: 1, repeated: 12, points: [{ path: 'value', valueType: 'number' }] });
    expect(summary.first).toBe(Date.UTC(2014, 0, 7));
    expect(summary.latest).toBe(Date.UTC(2014, 0, 7, 4));
  });

  it.each([
    ['no time column', 'a,b\n1,2\n', 'usage', /--time-column|called like a time/],
    ['a broken time', 'time,b\n2020-01-01,2\n2020-13-01,2\n', 'invalid', /line 3: "2020-13-01" is not a time/],
    ['no rows', 'time,b\n', 'invalid', /no rows/],
    ['a row that is too short', 'time,b\n2020-01-01,1\n2020-01-02\n', 'invalid', /not a well-formed CSV/],
    ['a column that cannot be a point', 'time,a/\n2020-01-01,1\n', 'usage', /cannot be a point/],
  ])('is refused with a reason for %s', async (_, text, code, message) => {
    await expect(inspectRecording(fileOf(text), ALL, forever)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is refused when the file is not there', async () => {
    await expect(inspectRecording('no/such.csv', ALL, forever)).rejects.toMatchObject({ code: 'not_found' });
  });
});
