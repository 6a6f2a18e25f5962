import { expect, test } from 'vitest';
import { Directory } from '../../../../src/lib/fleet/directory.ts';
import { createBlockTables } from '../../../../src/lib/fleet/search/block-table.ts';
import { blockTexts, searchedWord } from '../../../../src/lib/fleet/search/block-text.ts';
import { aDevice } from '../../../helpers/fleet.ts';

const PROJECT = aDevice('x').project;

function aCountedKind(key: string) {
  const kind = {
    key,
    built: 0,
    build() {
      kind.built += 1;
      return kind.built;
    },
  };
  return kind;
}

function someBlocks(devices: number) {
  const directory = new Directory();
  for (let number = 0; number < devices; number++) directory.putDevice(aDevice(`d${String(number).padStart(5, '0')}`));
  return directory;
}

test('a column is made once, and again when its block has changed, and only then', () => {
  const directory = someBlocks(2_000);
  const tables = createBlockTables(10, () => 0);
  const kind = aCountedKind('one');
  const ask = () => directory.deviceBlocks(PROJECT).map((block) => tables.of(block).column(kind));
  const blocks = ask().length;
  expect(blocks).toBeGreaterThan(1);
  ask();
  expect(kind.built).toBe(blocks);
  directory.putDevice(aDevice('d00005', { name: 'another' }));
  ask();
  expect(kind.built).toBe(blocks + 1);
});

test('a kind of column that nobody asks for is thrown away, and so is the oldest when there are too many', () => {
  const [block] = someBlocks(10).deviceBlocks(PROJECT);
  if (block === undefined) throw new Error('there is a block');
  let now = 0;
  const tables = createBlockTables(2, () => now);
  const [one, two, three] = [aCountedKind('one'), aCountedKind('two'), aCountedKind('three')];
  const ask = (kind: typeof one) => {
    now += 1;
    tables.of(block).column(kind);
    return kind.built;
  };
  expect([ask(one), ask(two), ask(one), ask(three)]).toEqual([1, 1, 1, 1]);
  expect(tables.kept).toBe(2);
  expect([ask(one), ask(two)]).toEqual([1, 2]);
  tables.forget(now);
  expect(tables.kept).toBe(1);
  expect([ask(two), ask(one)]).toEqual([2, 2]);
});

test('texts of a block that has changed take the room of those before, also when they are longer or shorter', () => {
  const directory = new Directory();
  const kind = blockTexts();
  const found = (text: ReturnType<typeof kind.build>, ...words: readonly string[]) => {
    const mask = new Uint8Array(directory.deviceCount(PROJECT)).fill(1);
    text.narrow(words.map(searchedWord), mask);
    return [...mask];
  };
  const entries = () => [...directory.sortedDevices(PROJECT)];
  directory.putDevice(aDevice('a', { name: 'boiler' }));
  directory.putDevice(aDevice('b', { name: 'chiller' }));
  const first = kind.build(entries());
  expect(found(first, 'boil')).toEqual([1, 0]);
  directory.putDevice(aDevice('a', { name: 'x' }));
  const second = kind.build(entries(), first);
  expect(second.room).toBe(first.room);
  expect([found(second, 'boil'), found(second, 'chill'), found(second, 'x')]).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
  ]);
  directory.putDevice(aDevice('b', { name: 'Ähre '.repeat(20_000), labels: { site: 'paris' } }));
  const third = kind.build(entries(), second);
  expect(third.room).not.toBe(first.room);
  expect([found(third, 'ahre', 'site=paris'), found(third, 'chill'), found(third, 'zzzz')]).toEqual([
    [0, 1],
    [0, 0],
    [0, 0],
  ]);
  directory.putDevice(aDevice('b'));
  expect(found(kind.build(entries(), third), 'ahre')).toEqual([0, 0]);
});
