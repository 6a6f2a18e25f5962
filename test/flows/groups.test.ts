import { describe, expect, onTestFinished, test } from 'vitest';
import type { Group, Rollup } from '../../src/lib/api/schema/groups.ts';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { MusterError } from '../../src/lib/errors/muster-error.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { waitUntil } from '../helpers/wait-until.ts';

interface Site {
  readonly hub: TestHub;
  readonly client: HubClient;
}

/** paris with two halls and three boilers, lyon with one; a group of all boilers by their type. */
async function site(): Promise<Site> {
  const hub = await startHub([]);
  const client = createHubClient({ url: hub.url, token: hub.token });
  onTestFinished(() => client.close());
  await client.types.create({ id: 'boiler', mode: 'open' });
  for (const path of ['paris/hall-1', 'paris/hall-2', 'lyon']) await client.groups.create({ path });
  for (const [id, group] of [
    ['b1', 'paris/hall-1'],
    ['b2', 'paris/hall-2'],
    ['b3', 'paris/hall-2'],
    ['b4', 'lyon'],
  ] as const)
    await client.devices.create({ id, type: 'boiler', groups: [group] });
  await client.groups.create({ path: 'boilers', selector: 'type=boiler' });
  return { hub, client };
}

const collect = async <Item>(list: AsyncIterable<Item>): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const item of list) items.push(item);
  return items;
};
const counts = (groups: readonly (Group | Rollup)[]): Record<string, number> => Object.fromEntries(groups.map(({ path, devices }) => [path, devices]));
const devicesIn = async (client: HubClient, group: string): Promise<string[]> => (await collect(client.devices.list({ group }))).map(({ id }) => id);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof MusterError ? error.code : String(error)),
  );

test('a device may only be put into a group that exists, unless missing groups are to be made', async () => {
  const { client } = await site();
  expect(await codeOf(client.devices.create({ id: 'b5', groups: ['rome/hall-1'] }))).toBe('invalid');
  expect(await codeOf(client.devices.update('b1', { groups: ['rome'] }))).toBe('invalid');
  const made = await client.devices.create({ id: 'b5', groups: ['rome/hall-1', 'paris'], createGroups: true });
  expect([made.groups, made.memberOf]).toEqual([
    ['paris', 'rome/hall-1'],
    ['paris', 'rome', 'rome/hall-1'],
  ]);
  expect((await client.groups.show('rome')).devices).toBe(1);
  expect(await codeOf(client.groups.create({ path: 'rome' }))).toBe('conflict');
  expect(await codeOf(client.groups.create({ path: 'a//b' }))).toBe('invalid');
  expect(await codeOf(client.groups.create({ path: 'wrong', selector: 'a=b,,c' }))).toBe('invalid');
});

test('groups are listed as a tree, page by page, and count each device once', async () => {
  const { client } = await site();
  await client.groups.members({ group: 'paris/hall-1', action: 'add', devices: ['b2'] });
  const groups: Group[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Group[]; cursor: string | null } = await client.request('GET', '/groups', { query: { limit: 2, ...(cursor !== '' && { cursor }) } });
    expect(page.items.length).toBeLessThanOrEqual(2);
    groups.push(...page.items);
    cursor = page.cursor;
  }
  expect(Object.entries(counts(groups))).toEqual([
    ['boilers', 4],
    ['lyon', 1],
    ['paris', 3],
    ['paris/hall-1', 2],
    ['paris/hall-2', 2],
  ]);
  expect(counts(await collect(client.groups.list({ within: 'paris', depth: 0 })))).toEqual({ paris: 3 });
  expect(Object.keys(counts(await collect(client.groups.list({ depth: 0 }))))).toEqual(['boilers', 'lyon', 'paris']);
  expect(await devicesIn(client, 'paris')).toEqual(['b1', 'b2', 'b3']);
});

describe('a selector', () => {
  test('brings devices in and lets them go, as they change and as it changes', async () => {
    const { client } = await site();
    await client.devices.update('b1', { type: null });
    expect(await devicesIn(client, 'boilers')).toEqual(['b2', 'b3', 'b4']);
    await client.groups.update('boilers', { selector: 'type=boiler,group=paris' });
    expect(await devicesIn(client, 'boilers')).toEqual(['b2', 'b3']);
    await client.groups.update('boilers', { selector: null });
    expect(await devicesIn(client, 'boilers')).toEqual([]);
  });

  test('is followed by the alarms of rules over the group', async () => {
    const { client } = await site();
    await client.rules.create({ id: 'hot', scope: { group: 'boilers', points: 't' }, when: { bands: [{ level: 'critical', high: 80 }] } });
    for (const id of ['b1', 'b2']) await client.report(id, { t: 95 });
    const live = async () => (await collect(client.alarms.list({ closed: 'false' }))).map(({ device }) => device).sort();
    expect(await live()).toEqual(['b1', 'b2']);
    await client.groups.update('boilers', { selector: 'type=boiler,id!=b1' });
    await waitUntil(async () => (await live()).join() === 'b2', 'the alarm of the device that left is withdrawn');
    await client.report('b1', { t: 96 });
    expect(await live()).toEqual(['b2']);
    await client.groups.update('boilers', { selector: 'type=boiler' });
    await client.report('b1', { t: 97 });
    expect(await live()).toEqual(['b1', 'b2']);
  });
});

test('the label `group` counts as it always did, beside what a device was put into', async () => {
  const { client } = await site();
  await client.devices.create({ id: 'old', labels: { group: 'lyon/hall-9' } });
  await client.rules.create({ id: 'hot', scope: { group: 'lyon', points: 't' }, when: { bands: [{ level: 'critical', high: 80 }] } });
  await client.report('old', { t: 95 });
  expect((await collect(client.alarms.list({ group: 'lyon' }))).map(({ device }) => device)).toEqual(['old']);
  expect((await client.devices.show('old')).memberOf).toEqual(['lyon', 'lyon/hall-9']);
  expect((await client.groups.show('lyon')).devices).toBe(2);
});

describe('moving a group', () => {
  test('takes all below it and its devices along, in the directory and on disk, and says who names the old path', async () => {
    const { hub, client } = await site();
    await client.rules.create({ id: 'halls', scope: { group: ['paris/hall-2', 'lyon'], points: 't' }, when: { bands: [{ level: 'minor', high: 80 }] } });
    await client.groups.create({ path: 'by-hall', selector: 'group=paris/hall-2' });
    const planned = await client.groups.move({ from: 'paris', to: 'france/paris', dryRun: true });
    expect(planned).toMatchObject({ groups: 3, devices: 3, byLabel: 0 });
    expect(planned.mentions.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(['group by-hall', 'rule halls']);
    expect(await devicesIn(client, 'paris')).toHaveLength(3);

    await client.groups.move({ from: 'paris', to: 'france/paris' });
    const after = {
      ...{ 'by-hall': 0, boilers: 4, france: 3, 'france/paris': 3, 'france/paris/hall-1': 1, 'france/paris/hall-2': 2, lyon: 1 },
    };
    expect(counts(await collect(client.groups.list()))).toEqual(after);
    expect(await codeOf(client.groups.show('paris'))).toBe('not_found');
    expect(await devicesIn(client, 'paris')).toEqual([]);
    expect((await client.devices.show('b2')).groups).toEqual(['france/paris/hall-2']);
    expect(await codeOf(client.groups.move({ from: 'france', to: 'france/paris/x' }))).toBe('invalid');
    expect(await codeOf(client.groups.move({ from: 'france', to: 'lyon' }))).toBe('conflict');
    const told = async () => (await collect(client.events.list({ kind: 'group.moved' }))).map(({ text }) => text);
    await waitUntil(async () => (await told()).length > 0, 'the journal has it');
    expect(await told()).toEqual([expect.stringContaining('paris was moved to france/paris')]);

    await hub.stop();
    const again = await hub.restart();
    const second = createHubClient({ url: again.url, token: again.token });
    onTestFinished(() => second.close());
    expect(counts(await collect(second.groups.list()))).toEqual(after);
    expect((await second.devices.show('b2')).groups).toEqual(['france/paris/hall-2']);
  });
});

test('a group that is not empty is deleted only when that is said, and its devices stay', async () => {
  const { client } = await site();
  expect(await codeOf(client.groups.delete('paris'))).toBe('in_use');
  expect(await client.groups.delete('paris', { all: true, dryRun: true })).toMatchObject({ groups: 3, devices: 3 });
  expect((await client.groups.show('paris')).devices).toBe(3);
  await client.groups.delete('paris', { all: true });
  expect(counts(await collect(client.groups.list()))).toEqual({ boilers: 4, lyon: 1 });
  expect((await client.devices.show('b2')).groups).toEqual([]);
  await client.groups.delete('boilers');
  expect(await devicesIn(client, 'boilers')).toEqual([]);
});

test('devices are put into a group and taken out by name or by selector, each answered for itself', async () => {
  const { client } = await site();
  const added = await client.groups.members({ group: 'lyon', action: 'add', devices: ['b1', 'b4', 'nobody'] });
  expect(added).toMatchObject({ changed: 1, unchanged: 1, failed: 1 });
  expect(added.devices.map(({ outcome, code }) => code ?? outcome)).toEqual(['changed', 'unchanged', 'not_found']);
  expect(await client.groups.members({ group: 'lyon', action: 'add', selector: 'type=boiler', dryRun: true })).toMatchObject({ changed: 2, unchanged: 2 });
  expect(await devicesIn(client, 'lyon')).toEqual(['b1', 'b4']);
  await client.groups.members({ group: 'lyon', action: 'add', selector: 'type=boiler' });
  await client.groups.members({ group: 'lyon', action: 'remove', selector: 'group=paris/hall-2' });
  expect(await devicesIn(client, 'lyon')).toEqual(['b1', 'b4']);
  expect((await client.devices.show('b2')).groups).toEqual(['paris/hall-2']);
  expect(await codeOf(client.groups.members({ group: 'nowhere', action: 'add', devices: ['b1'] }))).toBe('not_found');
});

describe('what is in a group is summed up', () => {
  test('now: devices, online, alarms by severity, newest values', async () => {
    const { client } = await site();
    await client.rules.create({
      id: 'hot',
      scope: { points: 't' },
      when: {
        bands: [
          { level: 'hi', high: 80 },
          { level: 'hihi', high: 90 },
        ],
      },
      severities: { hi: 'minor', hihi: 'critical' },
    });
    await client.groups.members({ group: 'paris/hall-1', action: 'add', devices: ['b2'] });
    for (const [id, t] of [
      ['b1', 20],
      ['b2', 95],
      ['b3', 85],
      ['b4', 10],
    ] as const)
      await client.report(id, { t, on: true });
    const rows = await collect(client.groups.rollups({ point: ['t', 'on', 'nothing'], aggregate: 'avg' }));
    const paris = rows.find(({ path }) => path === 'paris');
    expect(paris).toMatchObject({ devices: 3, online: 0, groups: 2, alarms: { critical: 1, major: 0, minor: 1, warning: 0 } });
    expect(paris?.values.map(({ value, devices }) => [value, devices])).toEqual([
      [200 / 3, 3],
      [1, 3],
      [null, 0],
    ]);
    expect(rows.map(({ path, values }) => [path, values[0]?.value])).toEqual([
      ['boilers', 52.5],
      ['lyon', 10],
      ['paris', 200 / 3],
      ['paris/hall-1', 57.5],
      ['paris/hall-2', 90],
    ]);
    const [sum] = await collect(client.groups.rollups({ within: 'paris', depth: 0, point: 't', aggregate: 'sum' }));
    expect(sum?.values[0]?.value).toBe(200);
  });

  test('over time: each device is one number in each bucket', async () => {
    const { client } = await site();
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000;
    await client.report(
      'b1',
      [0, 1, 2, 3].map((minutes) => ({ ts: hour + minutes * 60_000, values: { p: 10 } })),
    );
    await client.report('b2', [
      { ts: hour, values: { p: 30 } },
      { ts: hour + 3_600_000, values: { p: 50 } },
    ]);
    await client.report('b4', [{ ts: hour, values: { p: 1_000 } }]);
    const query = { group: 'paris', point: 'p', from: hour, to: hour + 7_200_000, everyMs: 3_600_000 };
    expect((await client.groups.trend(query)).items).toEqual([
      { time: hour, value: 20, devices: 2, count: 5 },
      { time: hour + 3_600_000, value: 50, devices: 1, count: 1 },
    ]);
    expect((await client.groups.trend({ ...query, aggregate: 'sum', within: 'count' })).items.map(({ value }) => value)).toEqual([5, 1]);
    expect((await client.groups.trend({ ...query, group: 'boilers', aggregate: 'max' })).items.map(({ value }) => value)).toEqual([1_000, 50]);
    expect(await codeOf(client.groups.trend({ ...query, group: 'nowhere' }))).toBe('not_found');
  });
});

test('the groups of one project are unknown in another', async () => {
  const { client } = await site();
  expect(await codeOf(client.groups.show('nowhere'))).toBe('not_found');
  expect(await codeOf(client.groups.update('nowhere', { level: 'x' }))).toBe('not_found');
  expect(await codeOf(client.groups.delete('nowhere'))).toBe('not_found');
  expect(await codeOf(client.groups.move({ from: 'nowhere', to: 'x' }))).toBe('not_found');
  expect(await codeOf(collect(client.groups.rollups({ within: 'nowhere' })))).toBe('not_found');
});

test('the commands show the tree, and say what a move leaves behind', async () => {
  const { hub, client } = await site();
  for (const [id, t] of [
    ['b1', 20],
    ['b2', 40],
    ['b3', 60],
  ] as const)
    await client.report(id, { t });
  const tree = await runMuster(['group', 'tree', 'paris', '--point', 't', '--aggregate', 'max'], { env: hub.env });
  expect(tree.stdout.split('\n').map((line) => line.trimEnd())).toEqual([
    expect.stringMatching(/^GROUP +LEVEL +DEVICES +ONLINE/),
    expect.stringMatching(/^paris +3 +0 .*60$/),
    expect.stringMatching(/^ {2}hall-1 +1 .*20$/),
    expect.stringMatching(/^ {2}hall-2 +2 .*60$/),
    '',
  ]);
  await client.rules.create({ id: 'hall', scope: { group: 'paris/hall-1', points: 't' }, when: { bands: [{ level: 'minor', high: 80 }] } });
  const moved = await runMuster(['group', 'move', 'paris/hall-1', 'lyon/hall-1', '--yes', '--json'], { env: hub.env });
  expect([moved.code, JSON.parse(moved.stdout)]).toMatchObject([0, { from: 'paris/hall-1', to: 'lyon/hall-1', devices: 1 }]);
  expect(moved.stderr).toContain('The rule hall names the group paris/hall-1');
  const asked = await runMuster(['group', 'delete', 'lyon', '--all'], { env: hub.env });
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
  const partly = await runMuster(['group', 'add', 'paris', 'b1', 'nobody', '--output', 'ndjson'], { env: hub.env });
  expect(partly.code).toBe(7);
  expect(
    partly.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { status: string }).status),
  ).toEqual(['added', 'failed']);
});
