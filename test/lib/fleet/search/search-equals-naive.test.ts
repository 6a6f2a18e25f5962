import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectDevices } from '../../../../src/lib/api/select-devices.ts';
import type { Device, DeviceState } from '../../../../src/lib/domain/device.ts';
import type { DeviceId, GroupPath } from '../../../../src/lib/domain/ids.ts';
import { selectorMatcher } from '../../../../src/lib/domain/selector.ts';
import type { SampleValue } from '../../../../src/lib/domain/value.ts';
import type { Condition, Named } from '../../../../src/lib/expressions/condition.ts';
import { type DeviceEntry, Directory } from '../../../../src/lib/fleet/directory.ts';
import { createPresence } from '../../../../src/lib/fleet/live-presence.ts';
import { createDeviceSearch, type DevicePosition } from '../../../../src/lib/fleet/search/device-search.ts';
import { fieldOf, isDeviceField } from '../../../../src/lib/fleet/search/fields.ts';
import { folded, wordsOf } from '../../../../src/lib/fleet/search/folded.ts';
import { aDevice, aPoint } from '../../../helpers/fleet.ts';

const PROJECT = aDevice('x').project;
const NOW = 1_700_000_000_000;
const STATES: readonly DeviceState[] = ['active', 'disabled', 'maintenance'];
type Query = Parameters<typeof selectDevices>[1];

/** A fleet, and how it changes: everything follows from one number. */
function aFleet(seed: number, devices: number) {
  const directory = new Directory();
  const presence = createPresence();
  const ports = { directory, presence, clock: () => NOW };
  const search = createDeviceSearch({ ...ports, searchesMax: 10 });
  let state = seed | 1;
  let series = 0;
  const upTo = (count: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % count;
  };
  const oneOf = <Item>(...items: readonly Item[]): Item => items[upTo(items.length)] as Item;
  const idAt = (number: number) => `d${String(number).padStart(4, '0')}`;
  const put = (id: string) => {
    const number = upTo(400);
    const device: Partial<Device> = {
      name: oneOf(id, `Thing ${number}`, `Ünit ${number % 7}`, 'Straße', `\u{1f600} ${number}`, ''),
      state: oneOf(...STATES),
      labels: oneOf({}, { site: oneOf('paris', 'lyon', 'Zürich') }, { site: `s${number}`, floor: String(number % 5) }, { serial: `x-${id}-${number}` }),
      aliases: oneOf({}, { serial: `SN${id}` }),
      groups: oneOf([], ['north' as GroupPath], ['north/one' as GroupPath, 'south' as GroupPath]),
      createdAt: NOW - upTo(50),
      updatedAt: NOW - number,
    };
    directory.putDevice({ ...aDevice(id), ...device });
  };
  const report = (id: string, path: string, value: SampleValue) => {
    const known = directory.device(id)?.points.get(path);
    if (known === undefined) series += 1;
    const entry = known ?? directory.putPoint(aPoint(id, path, series));
    entry.latest = { time: NOW, value, quality: 'good', late: false };
  };
  const change = () => {
    const id = idAt(upTo(devices));
    switch (upTo(6)) {
      case 0:
        return put(id);
      case 1:
        presence.forget(id as DeviceId);
        return directory.removeDevice(id as DeviceId);
      case 2:
        return presence.seen(id as DeviceId, { connectionId: null, protocol: oneOf('http', 'coap'), address: '::1' }, NOW - upTo(40));
      case 3:
        return presence.connected({ id: `c${id}`, device: id as DeviceId, protocol: 'mqtt', address: null }, NOW - upTo(40));
      case 4:
        return presence.disconnected(`c${id}`, NOW, 'gone');
      default:
        if (directory.device(id) === undefined) return;
        return report(id, oneOf('battery', 'boiler/mode'), oneOf<SampleValue>(upTo(30), upTo(30) / 4, -1, true, false, 'eco', '7', { a: 1 }));
    }
  };
  for (let number = 0; number < devices; number++) if (upTo(10) > 0) put(idAt(number));
  for (let number = 0; number < devices * 2; number++) change();
  const all = () => [...directory.sortedDevices(PROJECT)];
  return { ports, directory, search, change, all, upTo };
}

type Fleet = ReturnType<typeof aFleet>;

function valueIn(entry: DeviceEntry, { name, key, quoted }: Named, { ports }: Fleet): unknown {
  if (quoted || !isDeviceField(name)) return entry.points.get(name)?.latest?.value;
  const value = fieldOf(entry, name, ports);
  return key === null ? value : Object.hasOwn(value as object, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** true, false, or null: nobody can say. Device by device, without any column. */
function holds(condition: Condition, entry: DeviceEntry, fleet: Fleet): boolean | null {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const decides = condition.kind === 'or';
      const sides = condition.sides.map((side) => holds(side, entry, fleet));
      return sides.includes(decides) ? decides : sides.includes(null) ? null : !decides;
    }
    case 'not': {
      const of = holds(condition.of, entry, fleet);
      return of === null ? null : !of;
    }
    case 'there':
      return valueIn(entry, condition.named, fleet) !== undefined;
    case 'among': {
      const value = valueIn(entry, condition.named, fleet);
      return value === undefined ? null : (condition.values as readonly unknown[]).includes(value);
    }
    case 'compare': {
      const { op, value: literal } = condition;
      const value = valueIn(entry, condition.named, fleet);
      if (value === undefined) return null;
      if (op === '==') return value === literal;
      if (op === '!=') return value !== literal;
      if (typeof value !== typeof literal || typeof value === 'boolean') return null;
      const [one, other] = [value as number, literal as number];
      return op === '<' ? one < other : op === '<=' ? one <= other : op === '>' ? one > other : one >= other;
    }
    case 'computed':
      return condition.expression.holds(Object.fromEntries(condition.names.map((named) => [named.variable, valueIn(entry, named, fleet)])));
  }
}

function hasWords(entry: DeviceEntry, q: string): boolean {
  const { id, name, aliases, labels, type, groups } = entry.device;
  const texts = [
    id,
    name,
    ...Object.entries(aliases).map(([kind, value]) => `${kind}:${value}`),
    ...Object.entries(labels).map(([label, value]) => `${label}=${value}`),
    ...(type === null ? [] : [type]),
    ...groups,
  ].map(folded);
  return wordsOf(q).every((word) => texts.some((text) => text.includes(word)));
}

function naive(query: Query, fleet: Fleet): readonly string[] {
  const { asked, order } = selectDevices(PROJECT, query, fleet.directory);
  const selected = asked.selector === null ? () => true : selectorMatcher(asked.selector, (device) => fleet.directory.groupsOf(device));
  const fitting = fleet
    .all()
    .filter((entry) => selected(entry.device) && (asked.text === null || hasWords(entry, asked.text)))
    .filter((entry) => asked.conditions.every((condition) => holds(condition, entry, fleet) === true));
  if (order === null) return fitting.map(({ device }) => device.id);
  const [name = '', key = null] = /^(labels|aliases)\.(.*)$/s.exec(order.by)?.slice(1) ?? [order.by];
  const keyed = fitting.map((entry) => ({ id: entry.device.id, key: valueIn(entry, { name, key, quoted: !isDeviceField(name), variable: '' }, fleet) }));
  const rank = (value: unknown) => (typeof value === 'number' || typeof value === 'boolean' ? 0 : typeof value === 'string' ? 1 : 2);
  keyed.sort((one, other) => {
    const [left, right] = [rank(one.key), rank(other.key)];
    const idsApart = one.id < other.id ? -1 : 1;
    if (left === 2 || right === 2) return left - right || idsApart;
    const [a, b] = left === 0 && right === 0 ? [Number(one.key), Number(other.key)] : [one.key as string, other.key as string];
    const apart = left !== right ? left - right : a < b ? -1 : a > b ? 1 : 0;
    return (order.descending ? -apart : apart) || idsApart;
  });
  return keyed.map(({ id }) => id);
}

async function paged(query: Query, limit: number, { directory, search }: Fleet): Promise<readonly string[]> {
  const { asked, order } = selectDevices(PROJECT, query, directory);
  const met: string[] = [];
  let after: DevicePosition | null = null;
  do {
    const page: Awaited<ReturnType<typeof search.page>> = await search.page(PROJECT, asked, { order, after, limit });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    met.push(...page.entries.map(({ device }) => device.id));
    after = page.next;
  } while (after !== null);
  return met;
}

const simple = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('battery', 'boiler/mode', 'createdAt', 'lastSeenAt', 'connectedAt', 'points', 'nobody/has/this'),
      fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
      fc.constantFrom('7', '-1', '3.25', '"eco"', '"7"', 'true', String(NOW - 20)),
    )
    .filter(([name, op, literal]) => (literal !== 'true' || op === '==' || op === '!=') && (!/At$|points/.test(name) || /^-?\d/.test(literal)))
    .map((parts) => parts.join(' ')),
  fc
    .tuple(
      fc.constantFrom('id', 'name', 'state', 'type', 'protocol', 'address', 'labels.site', 'labels.serial'),
      fc.constantFrom('==', '!=', '<', '>='),
      fc.constantFrom('"d0050"', '"paris"', '"active"', '"mqtt"', '"Thing 5"'),
    )
    .map((parts) => parts.join(' ')),
  fc.constantFrom(
    'online',
    'has(battery)',
    'has(labels.site)',
    'labels.site in ["paris", "s7"]',
    'battery in [7, true, "eco"]',
    'battery + 1 > 7',
    '"north" in groups',
  ),
);
const where = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    simple,
    tie('condition').map((of) => `not (${of})`),
    fc.tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition')).map(([one, joins, other]) => `(${one} ${joins} ${other})`),
  ),
})).condition;
const query: fc.Arbitrary<Query> = fc.record(
  {
    where,
    q: fc.constantFrom('thing', 'th', 'zurich', 'paris', 'sn d00', 'strasse', 'serial:sn', '\u{1f600}', 'x-d01 3', 'north/one 7', 'unit', 'nothing-at-all'),
    selector: fc.constantFrom(
      'site=paris',
      'site!=lyon',
      'serial=SNd00*',
      'group=north',
      '!group',
      'floor',
      '!floor,state=active|disabled',
      'group=*/one',
      'name=Thing 1*',
    ),
    sort: fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.constantFrom(
          'createdAt',
          'lastSeenAt',
          'connectedAt',
          'name',
          'id',
          'state',
          'online',
          'battery',
          'boiler/mode',
          'labels.site',
          'labels.serial',
          'aliases.serial',
          'protocol',
          'points',
        ),
      )
      .map((parts) => parts.join('')),
  },
  { requiredKeys: [] },
);

describe('a search over columns', () => {
  test('says what asking each device says, page after page, and again after everything has changed', async () => {
    const fleets = [aFleet(7, 60), aFleet(11, 1_400)];
    await fc.assert(
      fc.asyncProperty(query, fc.nat({ max: 1 }), fc.integer({ min: 3, max: 2_000 }), async (asked, number, limit) => {
        const fleet = fleets[number] as Fleet;
        const pages = fleet.all().length / limit > 30 ? 5_000 : limit;
        expect(await paged(asked, pages, fleet)).toEqual(naive(asked, fleet));
        for (let changes = 0; changes < 15; changes++) fleet.change();
        expect(await paged(asked, pages, fleet)).toEqual(naive(asked, fleet));
        const matches = fleet.search.matcher(selectDevices(PROJECT, { ...asked, sort: undefined }, fleet.directory).asked);
        const some = fleet.all().slice(0, 40);
        const fitting = new Set(naive({ ...asked, sort: undefined }, fleet));
        expect(some.filter(matches).map(({ device }) => device.id)).toEqual(some.map(({ device }) => device.id).filter((id) => fitting.has(id)));
      }),
      { numRuns: 60 },
    );
  });
});
