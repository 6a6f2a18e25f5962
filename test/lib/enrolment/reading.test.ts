import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Device } from '../../../src/lib/api/schema/fleet.ts';
import { type ColumnChoice, planColumns } from '../../../src/lib/enrolment/column-map.ts';
import { csvLines, type ExportedDevice, exportedDevice, inImportOrder, ndjsonLines } from '../../../src/lib/enrolment/export-devices.ts';
import { type ReadOptions, readDevice } from '../../../src/lib/enrolment/read-device.ts';
import { readCsvRows, readNdjsonRows } from '../../../src/lib/enrolment/read-rows.ts';
import { aDevice } from '../../helpers/fleet.ts';

const REFUSE: ColumnChoice = { map: undefined, others: 'refuse' };

async function read(text: string, more: { csv?: boolean; choice?: Partial<ColumnChoice>; delimiter?: string } & Partial<ReadOptions> = {}) {
  const stream = Readable.from([Buffer.from(text)]);
  const { header, rows } = (more.csv ?? true) ? await readCsvRows(stream, more.delimiter) : await readNdjsonRows(stream);
  const columns = planColumns(header, { ...REFUSE, ...more.choice });
  const result = [];
  for await (const row of rows) result.push(readDevice(row, { defaults: {}, empty: 'keep', ...more, columns }));
  return result;
}
const devices = async (...args: Parameters<typeof read>) => (await read(...args)).map(({ device, problem }) => problem ?? device);

describe('a file of devices', () => {
  it('takes columns by the names of fields', async () => {
    expect(
      await devices('ID,Name,type,parent,imei,label.site,groups,password\nb1,Boiler 1,boiler,gw-1,490154203237518,paris,paris/hall-2 acme,secret\n'),
    ).toEqual([
      {
        id: 'b1',
        name: 'Boiler 1',
        type: 'boiler',
        parent: 'gw-1',
        aliases: { imei: '490154203237518' },
        labels: { site: 'paris' },
        groups: ['paris/hall-2', 'acme'],
      },
    ]);
    expect((await read('id,password\nb1,secret\n'))[0]?.password).toBe('secret');
  });

  it.each([',', ';', '\t', '|'])('finds by itself that cells are parted by %j, whatever stands in them', async (delimiter) => {
    const text = ['id', 'name', 'label.note'].join(delimiter);
    expect(await devices(`${text}\n${['b1', '"a, b; c | d\te"', '"x"'].join(delimiter)}\n`)).toEqual([
      { id: 'b1', name: 'a, b; c | d\te', labels: { note: 'x' } },
    ]);
  });

  it('takes one column as several fields, and others as labels or not at all', async () => {
    const text = 'Serial,City,Ordered by\nS1,Paris,Grace\n';
    const map = ['Serial=id', 'Serial=serial', 'City=label.city'];
    expect(await devices(text, { choice: { map, others: 'ignore' } })).toEqual([{ id: 'S1', aliases: { serial: 'S1' }, labels: { city: 'Paris' } }]);
    expect(await devices(text, { choice: { map: ['Serial=id'], others: 'label' } })).toEqual([{ id: 'S1', labels: { City: 'Paris', 'Ordered-by': 'Grace' } }]);
    await expect(read(text, { choice: { map: ['Serial=id'] } })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('City, Ordered by'),
    });
  });

  it.each([
    [['Serial=name'], 'No column holds the id'],
    [['Serial=id', 'City=id'], 'are both id'],
    [['Seriell=id'], 'There is no column Seriell'],
    [['Serial'], 'is not COLUMN=FIELD'],
    [['Serial=colour'], 'is not COLUMN=FIELD'],
  ])('refuses the map %j', async (map, message) => {
    await expect(read('Serial,City\nS1,Paris\n', { choice: { map, others: 'ignore' } })).rejects.toThrow(message);
  });

  it('names what is wrong with a row and reads on', async () => {
    expect(await devices('id,name\nb1,one\nb2\nb 3,three\n,four\nb5,five,more\nb6,six\n')).toEqual([
      { id: 'b1', name: 'one' },
      'the row has 1 cells, and the first line names 2',
      expect.stringMatching(/^the id must be letters/),
      'the id is missing',
      'the row has 3 cells, and the first line names 2',
      { id: 'b6', name: 'six' },
    ]);
    const ndjson = '{"id":"b1"}\nnonsense\n[1]\n{"id":"b2","labels":"x"}\n{"id":"b3","colour":"red"}\n{"id":"b4","name":{"de":"Kessel"}}\n{"id":"b5"}\n';
    expect(await devices(ndjson, { csv: false })).toEqual([
      { id: 'b1' },
      'the line is not JSON',
      'the line is not a JSON object',
      'labels is no object such as {"site":"paris"}',
      'colour means nothing here',
      'name is no text',
      { id: 'b5' },
    ]);
    expect((await read('id\nb1\n\nb2\n')).map(({ line }) => line)).toEqual([2, 4]);
  });

  it('leaves alone what a row leaves empty, or clears it when told so', async () => {
    const text = 'id,name,type,parent,label.site,imei,groups\nb1,,,,,,\n';
    expect(await devices(text)).toEqual([{ id: 'b1' }]);
    expect(await devices(text, { empty: 'clear' })).toEqual([
      { id: 'b1', type: null, parent: null, labels: { site: null }, aliases: { imei: null }, groups: [] },
    ]);
    expect(await devices('{"id":"b1","type":null}', { csv: false, empty: 'clear' })).toEqual([{ id: 'b1', type: null }]);
  });

  it('takes from nested objects, and what holds for all rows', async () => {
    const text = '{"device":{"id":7,"modem":{"imei":"490154203237518"}}}';
    expect(
      await devices(text, { csv: false, choice: { map: ['device.id=id', 'device.modem.imei=imei'] }, defaults: { type: 'boiler', labels: { site: 'paris' } } }),
    ).toEqual([{ id: '7', type: 'boiler', labels: { site: 'paris' }, aliases: { imei: '490154203237518' } }]);
    expect(await devices('id,type,label.site\nb1,pump,rome\nb2,,\n', { defaults: { type: 'boiler', labels: { site: 'paris' } } })).toEqual([
      { id: 'b1', type: 'pump', labels: { site: 'rome' } },
      { id: 'b2', type: 'boiler', labels: { site: 'paris' } },
    ]);
  });

  it.each(['', '\n\n'])('says that %j is empty', async (text) => {
    await expect(read(text)).rejects.toThrow('The file is empty');
    await expect(read(text, { csv: false })).rejects.toThrow('The file is empty');
  });
});

describe('an export', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,10}$/);
  const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !/[\r\n]/.test(text) && text.trim() !== '');
  const device: fc.Arbitrary<ExportedDevice> = fc.record({
    id: name,
    name: words,
    kind: fc.constantFrom('gateway', 'device', 'app'),
    type: fc.option(name),
    parent: fc.option(name),
    state: fc.constantFrom('active', 'disabled'),
    labels: fc.dictionary(name, words, { maxKeys: 3, noNullPrototype: true }),
    aliases: fc.dictionary(fc.constantFrom('serial', 'imei'), name, { maxKeys: 2, noNullPrototype: true }),
    groups: fc.uniqueArray(name, { maxLength: 2 }),
  });
  async function* each<Item>(items: readonly Item[]) {
    yield* items;
  }
  const textOf = async (lines: AsyncIterable<string>) => {
    let text = '';
    for await (const line of lines) text += line;
    return text;
  };
  /** As an import would send it: what is nothing is not said. */
  const said = ({ type, parent, labels, aliases, groups, ...rest }: ExportedDevice) => ({
    ...rest,
    ...(type !== null && { type }),
    ...(parent !== null && { parent }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(aliases).length > 0 && { aliases }),
    ...(groups.length > 0 && { groups }),
  });

  it('reads back as it was written, as CSV and as NDJSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(device, { minLength: 1, maxLength: 5 }), async (all) => {
        expect(await devices(await textOf(csvLines(each(all))), { delimiter: ',' })).toEqual(all.map(said));
        const ndjson = await devices(await textOf(ndjsonLines(each(all))), { csv: false });
        expect(ndjson.map((one) => (typeof one === 'object' && one !== null ? { ...one, groups: one.groups ?? [] } : one))).toEqual(
          all.map((one) => ({ ...said(one), groups: one.groups })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('has every gateway before what is behind it', async () => {
    const gateways = [
      { id: 'a', parent: 'c' },
      { id: 'b', parent: 'a' },
      { id: 'c', parent: null },
      { id: 'd', parent: 'elsewhere' },
    ].map(({ id, parent }) => exportedDevice(aDevice(id, { kind: 'gateway', parent }) as unknown as Device));
    const order = [];
    for await (const { id } of inImportOrder(each(gateways), each([exportedDevice(aDevice('0', { parent: 'b' }) as unknown as Device)]))) order.push(id);
    expect(order).toEqual(['c', 'a', 'b', 'd', '0']);
  });
});
