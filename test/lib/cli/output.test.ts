import { expect, test } from 'vitest';
import { type Column, pairsColumn, timeColumn } from '../../../src/lib/cli/column.ts';
import { type PrintOptions, printObject, printRows } from '../../../src/lib/cli/output.ts';

interface Row {
  readonly id: string;
  readonly count: number | null;
  readonly at: number;
  readonly labels: Record<string, string>;
}
const COLUMNS: readonly Column<Row>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'count', value: (row) => row.count, right: true },
  timeColumn('at', (row) => row.at),
  pairsColumn('labels', (row) => row.labels, { wide: true }),
];
const ROWS: readonly Row[] = [
  { id: 'b', count: 2, at: 0, labels: { site: 'paris', floor: '2' } },
  { id: 'a', count: null, at: 1000, labels: {} },
  { id: 'c', count: 10, at: 2000, labels: {} },
];

async function printed(more: Partial<PrintOptions>, rows: Iterable<Row> | AsyncIterable<Row> = ROWS): Promise<{ text: string; complete: boolean }> {
  let text = '';
  const options: PrintOptions = {
    format: 'table',
    columns: null,
    sort: null,
    limit: null,
    style: { width: null, colour: false },
    write: async (piece) => {
      text += piece;
    },
    ...more,
  };
  const { complete } = await printRows(rows, COLUMNS, options);
  return { text, complete };
}

async function* slowly(rows: readonly Row[]): AsyncGenerator<Row> {
  for (const row of rows) {
    await new Promise((resolve) => setImmediate(resolve));
    yield row;
  }
}

test('a table in a pipe is plain text: aligned, without lines, colours and wide columns', async () => {
  expect((await printed({})).text).toBe(
    ['ID  COUNT  AT', 'b       2  1970-01-01T00:00:00.000Z', 'a          1970-01-01T00:00:01.000Z', 'c      10  1970-01-01T00:00:02.000Z', ''].join('\n'),
  );
});

test('an empty list has a heading in a table, and is an empty list elsewhere', async () => {
  const texts = await Promise.all((['table', 'json', 'ndjson', 'csv', 'yaml'] as const).map(async (format) => (await printed({ format }, [])).text));
  expect(texts).toEqual(['ID  COUNT  AT\n', '[]\n', '', 'id,count,at,labels\n', '[]\n']);
});

test('a table on a terminal fits its width', async () => {
  const long = ROWS.map((row) => ({ ...row, id: row.id.repeat(200) }));
  const { text } = await printed({ style: { width: 60, colour: false } }, long);
  for (const line of text.trimEnd().split('\n')) expect([...line].length).toBeLessThanOrEqual(60);
  expect(text).toContain('…');
});

test('JSON, ndjson and YAML hold the rows as the hub gave them, with times in ms', async () => {
  expect(JSON.parse((await printed({ format: 'json' })).text)).toEqual(ROWS);
  const lines = (await printed({ format: 'ndjson' }, slowly(ROWS))).text.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(ROWS);
  const { parse } = await import('yaml');
  expect(parse((await printed({ format: 'yaml' }, slowly(ROWS))).text)).toEqual(ROWS);
});

test('CSV holds every column, with times in ISO 8601 and quotes where they are needed', async () => {
  const { text } = await printed({ format: 'csv' }, [{ id: 'a,"b"\nc', count: 1, at: 0, labels: { x: 'y' } }]);
  expect(text).toBe('id,count,at,labels\n"a,""b""\nc",1,1970-01-01T00:00:00.000Z,x=y\n');
});

test('--columns chooses, orders and reaches the wide ones', async () => {
  expect((await printed({ columns: ['labels', 'ID'] })).text).toContain('LABELS              ID\nfloor=2 site=paris  b\n');
  expect(JSON.parse((await printed({ format: 'json', columns: ['at'] })).text)).toEqual([{ at: 0 }, { at: 1000 }, { at: 2000 }]);
});

test('an unknown column is wrong usage that names the columns', async () => {
  await expect(printed({ columns: ['size'] })).rejects.toMatchObject({ code: 'usage', hint: 'The columns are: id, count, at, labels.' });
  await expect(printed({ sort: '-size' })).rejects.toMatchObject({ code: 'usage' });
});

test('--sort compares numbers as numbers and puts what has no value last, both ways', async () => {
  expect((await printed({ format: 'csv', sort: 'count', columns: ['id'] })).text).toBe('id\nb\nc\na\n');
  expect((await printed({ format: 'csv', sort: '-count', columns: ['id'] })).text).toBe('id\nc\nb\na\n');
  expect((await printed({ format: 'csv', sort: 'id', columns: ['id'] })).text).toBe('id\na\nb\nc\n');
});

test('a limit is told when it cuts, and only then', async () => {
  expect(await printed({ format: 'csv', columns: ['id'], limit: 2 })).toEqual({ text: 'id\nb\na\n', complete: false });
  expect((await printed({ limit: 3 })).complete).toBe(true);
  expect(await printed({ format: 'csv', columns: ['id'], limit: 1, sort: '-id' }, slowly(ROWS))).toEqual({ text: 'id\nc\n', complete: false });
});

test('control characters of a device reach no terminal', async () => {
  const { text } = await printed({}, [{ id: '\x1b[31mred\x07\n\u202Eabc', count: 1, at: 0, labels: {} }]);
  expect(text).toContain('\\x1b[31mred\\x07\\x0a\\u202eabc');
  expect(text.split('\n')).toHaveLength(3);
});

test('what a source gave before it failed is printed, then the failure is thrown', async () => {
  let text = '';
  const rows = (async function* () {
    yield ROWS[0] as Row;
    throw new Error('the hub went away');
  })();
  const options: PrintOptions = {
    format: 'ndjson',
    columns: ['id'],
    sort: null,
    limit: null,
    style: { width: null, colour: false },
    write: async (piece) => {
      text += piece;
    },
  };
  await expect(printRows(rows, COLUMNS, options)).rejects.toThrow('the hub went away');
  expect(text).toBe('{"id":"b"}\n');
});

test('one object is a line for each column, wide ones too', async () => {
  let text = '';
  const options: PrintOptions = {
    format: 'table',
    columns: null,
    sort: null,
    limit: null,
    style: { width: null, colour: false },
    write: async (piece) => {
      text += piece;
    },
  };
  await printObject(ROWS[0] as Row, COLUMNS, options);
  expect(text).toBe('id      b\ncount   2\nat      1970-01-01T00:00:00.000Z\nlabels  floor=2 site=paris\n');
});
