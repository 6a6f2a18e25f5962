import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectDevices } from '../../../../src/lib/api/select-devices.ts';
import type { Device } from '../../../../src/lib/domain/device.ts';
import type { DeviceId, DeviceTypeId, GroupPath, ProjectId } from '../../../../src/lib/domain/ids.ts';
import { parseSelector, selectorMatcher } from '../../../../src/lib/domain/selector.ts';
import type { SampleValue } from '../../../../src/lib/domain/value.ts';
import { Directory } from '../../../../src/lib/fleet/directory.ts';
import { createPresence } from '../../../../src/lib/fleet/live-presence.ts';
import { createDeviceSearch, type DevicePosition } from '../../../../src/lib/fleet/search/device-search.ts';
import { aDevice, aPoint } from '../../../helpers/fleet.ts';

const PROJECT = aDevice('x').project;
const NOW = 1_700_000_000_000;
type Query = Parameters<typeof selectDevices>[1];

function aFleet(searchesMax = 10) {
  const directory = new Directory();
  const presence = createPresence();
  const search = createDeviceSearch({ directory, presence, clock: () => NOW, searchesMax });
  let series = 0;
  const add = (id: string, device: Partial<Device> = {}, values: Readonly<Record<string, SampleValue>> = {}) => {
    directory.putDevice({ ...aDevice(id), ...device });
    for (const path in values) {
      series += 1;
      const entry = directory.putPoint(aPoint(id, path, series));
      const value = values[path];
      if (value !== undefined) entry.latest = { time: NOW, value, quality: 'good', late: false };
    }
  };
  const page = async (query: Query, options: { readonly limit?: number; readonly after?: DevicePosition | null } = {}) => {
    const { asked, order } = selectDevices(PROJECT, query, directory);
    return search.page(PROJECT, asked, { order, after: options.after ?? null, limit: options.limit ?? 1_000 });
  };
  const ids = async (query: Query) => (await page(query)).entries.map(({ device }) => device.id as string);
  const connect = (id: string, at = NOW) => presence.connected({ id: `c-${id}`, device: id as DeviceId, protocol: 'mqtt', address: '10.0.0.1' }, at);
  return { directory, presence, search, add, page, ids, connect };
}

describe('a condition on devices', () => {
  function someDevices() {
    const fleet = aFleet();
    fleet.add('full', { labels: { site: 'paris' } }, { battery: 90, 'boiler/temperature': 70, mode: 'eco', door: true });
    fleet.add(
      'low',
      { labels: { site: 'lyon' }, type: 'meter' as DeviceTypeId, groups: ['north/one' as GroupPath] },
      { battery: 10, mode: 'day', door: false, json: { a: 1 } },
    );
    fleet.add('mute', { name: 'Silent one' });
    fleet.add('waiting', {}, { battery: undefined as unknown as SampleValue });
    fleet.connect('low', NOW - 5_000);
    fleet.connect('mute', NOW - 90_000);
    return fleet;
  }
  test.each([
    ['battery < 20', ['low']],
    ['battery < 20 and online', ['low']],
    ['battery >= 20 or online', ['full', 'low', 'mute']],
    ['not battery < 20', ['full']],
    ['not has(battery)', ['mute', 'waiting']],
    ['boiler/temperature > 60', ['full']],
    ['`boiler/temperature` * 2 > 60', ['full']],
    ['mode == "eco"', ['full']],
    ['mode != "eco"', ['low']],
    ['mode in ["eco", "day"]', ['full', 'low']],
    ['mode > "e"', ['full']],
    ['door', ['full']],
    ['not door', ['low']],
    ['battery < "20"', []],
    ['battery == "10"', []],
    ['battery != "10"', ['full', 'low']],
    ['json.a == 1', ['low']],
    ['labels.site == "paris"', ['full']],
    ['not (labels.site == "paris")', ['low']],
    ['labels.site.startsWith("p") or type == "meter"', ['full', 'low']],
    ['"north" in groups', ['low']],
    ['now - lastSeenAt > duration("1m")', ['mute']],
    ['lastSeenAt < 1', []],
    ['points == 0', ['mute']],
    ['name == "Silent one"', ['mute']],
    ['address == "10.0.0.1" and protocol == "mqtt"', ['low', 'mute']],
    ['battery / 0 > 1 or id == "mute"', ['mute']],
    ['nobody/has/this > 1', []],
    ['not (nobody/has/this > 1)', []],
  ])('%s', async (where, expected) => {
    expect(await someDevices().ids({ where })).toEqual(expected);
  });

  test('follows what changes: values, connections, labels, points and devices', async () => {
    const fleet = someDevices();
    const low = { where: 'battery < 20 and online' };
    expect(await fleet.ids(low)).toEqual(['low']);
    const battery = fleet.directory.device('low')?.points.get('battery');
    if (battery !== undefined) battery.latest = { time: NOW + 1, value: 50, quality: 'good', late: false };
    expect(await fleet.ids(low)).toEqual([]);
    fleet.add('mute', {}, { battery: 1 });
    expect(await fleet.ids(low)).toEqual(['mute']);
    fleet.presence.disconnected('c-mute', NOW, 'gone');
    expect(await fleet.ids(low)).toEqual([]);
    expect(await fleet.ids({ where: 'labels.site == "paris"' })).toEqual(['full']);
    fleet.directory.putDevice({ ...aDevice('mute'), labels: { site: 'paris' } });
    fleet.directory.removeDevice('full' as DeviceId);
    expect(await fleet.ids({ where: 'labels.site == "paris"' })).toEqual(['mute']);
    expect(await fleet.ids({ q: 'paris' })).toEqual(['mute']);
  });
});

describe('words', () => {
  function someDevices() {
    const fleet = aFleet();
    fleet.add('gw-1', { name: 'Zürich Boiler', labels: { site: 'paris' }, aliases: { imei: '490154203237518' }, type: 'gateway' as DeviceTypeId });
    fleet.add('gw-2', { name: 'boiler two', labels: { site: 'lyon' }, groups: ['north/hall' as GroupPath] });
    fleet.add('meter-3', { labels: { site: 'paris' } });
    return fleet;
  }
  test.each([
    ['zurich', ['gw-1']],
    ['ZÜRICH boil', ['gw-1']],
    ['boiler', ['gw-1', 'gw-2']],
    ['boiler paris', ['gw-1']],
    ['site=paris', ['gw-1', 'meter-3']],
    ['imei:4901', ['gw-1']],
    ['237518', ['gw-1']],
    ['north/hall', ['gw-2']],
    ['gateway', ['gw-1']],
    ['  ', ['gw-1', 'gw-2', 'meter-3']],
    ['paris lyon', []],
    ['gw-2 gw-1', []],
  ])('%j', async (q, expected) => {
    expect(await someDevices().ids({ q })).toEqual(expected);
  });

  test('do not reach from one device into the next, nor from one of its texts into another', async () => {
    expect(await someDevices().ids({ q: 'parisgw-2' })).toEqual([]);
    expect(await someDevices().ids({ q: 'boilerimei' })).toEqual([]);
  });
});

describe('many devices', () => {
  const sites = ['paris', 'lyon', 'zürich'];
  function aLargeFleet() {
    const fleet = aFleet();
    for (let number = 0; number < 5_000; number++) {
      const id = `d${String((number * 7919) % 5_000).padStart(5, '0')}`;
      fleet.add(
        id,
        {
          name: `Thing ${number % 50}`,
          labels: { site: sites[number % 3] ?? '', ...(number % 5 === 0 && { floor: String(number % 7) }) },
          ...(number % 4 === 0 && { type: 'meter' as DeviceTypeId }),
          aliases: { serial: `s${number}` },
        },
        number % 2 === 0 ? { battery: number % 100 } : {},
      );
    }
    for (let number = 0; number < 5_000; number += 3) fleet.connect(`d${String(number).padStart(5, '0')}`, NOW - number);
    return fleet;
  }
  const fleet = aLargeFleet();
  const all = [...fleet.directory.sortedDevices(PROJECT)];

  test('each page begins where the one before it ended, in every order, and none is left out or given twice', async () => {
    for (const query of [
      {},
      { where: 'battery > 50' },
      { sort: 'battery' },
      { sort: '-lastSeenAt', where: 'online' },
      { sort: '-labels.site' },
      { sort: 'name', q: 'thing' },
      { sort: '-id' },
      { sort: 'online' },
    ]) {
      const met: string[] = [];
      let after: DevicePosition | null = null;
      do {
        const page = await fleet.page(query, { limit: 700, after });
        met.push(...page.entries.map(({ device }) => device.id));
        after = page.next;
      } while (after !== null);
      const whole: readonly string[] = (await fleet.page(query, { limit: 100_000 })).entries.map(({ device }) => device.id);
      expect(met).toEqual(whole);
      expect(new Set(met).size).toBe(met.length);
    }
  });

  test('come sorted, those without a value last', async () => {
    const battery = async (sort: string) =>
      (await fleet.page({ sort }, { limit: 100_000 })).entries.map(({ points }) => points.get('battery')?.latest?.value ?? null);
    const up = await battery('battery');
    const down = await battery('-battery');
    const values = up.filter((value) => value !== null);
    expect(values).toEqual([...values].sort((one, other) => Number(one) - Number(other)));
    expect(down.filter((value) => value !== null)).toEqual([...values].reverse());
    expect([up.slice(values.length), down.slice(values.length)].flat().every((value) => value === null)).toBe(true);
  });

  test('a selector means the same of many as of one', async () => {
    const term = fc.constantFrom(
      'site=paris',
      'site!=lyon',
      'floor',
      '!floor',
      'type=meter',
      'type',
      '!type',
      'name=Thing 1*',
      'id=d0*',
      'serial=s1|s2|s3*',
      'label.site=z*',
      'group',
      '!group',
      'state=active',
      'kind!=gateway',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(term, { minLength: 1, maxLength: 4 }), async (terms) => {
        const parsed = parseSelector(terms.join(','));
        if (!parsed.ok) throw new Error(parsed.reason);
        const matches = selectorMatcher(parsed.selector, (device) => fleet.directory.groupsOf(device));
        const expected = all.filter(({ device }) => matches(device)).map(({ device }) => device.id);
        expect((await fleet.page({ selector: terms.join(',') }, { limit: 100_000 })).entries.map(({ device }) => device.id)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('one device asked alone answers as it does among all', async () => {
    for (const query of [{ where: 'battery > 50 and not online' }, { q: 'zurich 12' }, { selector: 'site=paris,floor', where: 'name.endsWith("5")' }]) {
      const matches = fleet.search.matcher(selectDevices(PROJECT, query, fleet.directory).asked);
      expect(all.filter(matches).map(({ device }) => device.id)).toEqual(
        await fleet.page(query, { limit: 100_000 }).then(({ entries }) => entries.map(({ device }) => device.id)),
      );
    }
  });

  test('are found by id and alias without looking at the others', async () => {
    expect(await fleet.ids({ id: ['d00003', 'd00001', 'nobody'] })).toEqual(['d00001', 'd00003']);
    expect(await fleet.ids({ alias: 's17' })).toHaveLength(1);
    expect(await fleet.ids({ alias: 'serial:s17' })).toEqual(await fleet.ids({ alias: 's17' }));
    expect(await fleet.ids({ alias: 's17', where: 'battery > 1000' })).toEqual([]);
  });

  test('others have their turn meanwhile, and devices may come and go', async () => {
    const own = aLargeFleet();
    let turns = 0;
    let searching = true;
    const between = async () => {
      while (searching) {
        await new Promise((resolve) => setImmediate(resolve));
        turns += 1;
        own.add(`d${String(turns).padStart(5, '0')}x`, {}, { battery: 99 });
        own.directory.removeDevice(`d0${String(turns + 1_000)}` as DeviceId);
      }
    };
    const others = between();
    const found = await own.page({ where: 'battery + 0 >= 0' }, { limit: 100_000 });
    searching = false;
    await others;
    const met = found.entries.map(({ device }) => device.id as string);
    expect(turns).toBeGreaterThan(0);
    expect(met).toEqual([...new Set(met)].sort());
    const stable = all.filter(({ device, points }) => points.has('battery') && !/^d0[1-9]/.test(device.id)).map(({ device }) => device.id);
    expect(met.filter((id) => !id.endsWith('x') && !/^d0[1-9]/.test(id))).toEqual(stable);
  });
});

test('more searches at once than allowed are refused, a plain list never', async () => {
  const fleet = aFleet(1);
  for (let number = 0; number < 3_000; number++) fleet.add(`d${number}`, {}, { battery: number });
  const first = fleet.page({ where: 'battery * 2 > 0' });
  await expect(fleet.page({ where: 'battery > 0' })).rejects.toMatchObject({ code: 'overloaded' });
  await expect(fleet.page({})).resolves.toMatchObject({ next: { id: expect.any(String) } });
  await first;
  expect(fleet.search.running).toBe(0);
});

test.each([
  [{ where: 'battery <' }, /condition is wrong.*column/],
  [{ selector: '=x' }, /selector is wrong/],
  [{ sort: 'labels' }, /cannot be sorted/],
  [{ sort: '-' }, /cannot be sorted/],
])('%j is refused with the reason', (query, message) => {
  expect(() => selectDevices('default' as ProjectId, query, new Directory())).toThrow(message);
});
