import { describe, expect, test } from 'vitest';
import { planImport } from '../../../../src/lib/reading/recording/import-plan.ts';

const usage = (hint?: string) => expect.objectContaining({ code: 'usage', ...(hint === undefined ? {} : { hint: expect.stringContaining(hint) }) });

describe('what the columns of a file mean', () => {
  test('a recording: the time by its name, every other column a point', () => {
    expect(planImport(['date', 'pressure', 'temperature'], { device: 'd' })).toMatchObject({
      layout: 'wide',
      timeColumn: 'date',
      device: 'd',
      deviceColumn: null,
      columns: [
        { column: 'pressure', point: 'pressure' },
        { column: 'temperature', point: 'temperature' },
      ],
    });
  });

  test('a long export: nothing has to be said', () => {
    expect(planImport(['time', 'device', 'point', 'value', 'quality', 'late'], {})).toMatchObject({
      layout: 'long',
      timeColumn: 'time',
      deviceColumn: 'device',
      pointColumn: 'point',
      valueColumn: 'value',
      qualityColumn: 'quality',
    });
  });

  test('a wide export: late and quality are points here, because that layout has no such columns of its own', () => {
    const plan = planImport(['time', 'device', 'a', 'b/c'], {});
    expect(plan).toMatchObject({ layout: 'wide', deviceColumn: 'device', exported: true, columns: [{ point: 'a' }, { point: 'b/c' }] });
  });

  test('a device on the command line stands for the one in the file', () => {
    expect(planImport(['time', 'device', 'a'], { device: 'other' })).toMatchObject({ device: 'other', deviceColumn: null, columns: [{ point: 'a' }] });
  });

  test('--map takes some columns, under other names; in the long layout it renames points', () => {
    expect(planImport(['t', 'x=1', 'b'], { device: 'd', timeColumn: 't', map: ['x=1=boiler/temperature'] })).toMatchObject({
      columns: [{ column: 'x=1', point: 'boiler/temperature' }],
      others: null,
    });
    const long = planImport(['time', 'device', 'point', 'value'], { map: ['a=b'] });
    expect(long.layout === 'long' && long.rename.get('a')).toBe('b');
  });

  test.each([
    ['no time', ['a', 'b'], { device: 'd' }, '--time-column'],
    ['no device', ['time', 'a'], {}, '--device'],
    ['a column that is not there', ['time', 'a'], { device: 'd', map: ['b=c'] }, 'time, a'],
    ['a heading that is no point', ['time', 'Wind (m/s) *'], { device: 'd' }, '--map'],
    ['a map without a point', ['time', 'a'], { device: 'd', map: ['a'] }, '--map'],
    ['two columns to one point', ['time', 'a', 'b'], { device: 'd', map: ['a=p', 'b=p'] }, undefined],
    ['nothing but a time', ['time'], { device: 'd' }, 'time'],
  ])('%s is a usage error that says what to do', (_, header, options, hint) => {
    expect(() => planImport(header, options)).toThrowError(usage(hint));
  });

  test('two columns of one name cannot be told apart', () => {
    expect(() => planImport(['time', 'a', 'a'], { device: 'd' })).toThrowError(expect.objectContaining({ code: 'invalid' }));
  });
});
