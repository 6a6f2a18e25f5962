import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const FLEET = `
types:
  - id: boiler
    points:
      - { path: boiler/temperature, unit: °C }
    configSchema: { type: object, properties: { interval: { type: integer } } }
groups:
  - path: paris/hall-2
    level: hall
  - path: boilers
    selector: type=boiler
devices:
  - id: b7
    type: boiler
    parent: gw
    labels: { site: paris, floor: "2" }
    groups: [paris/hall-2]
  - id: gw
    kind: gateway
    aliases: { imei: "490154203237518" }
---
kind: rule
id: hot
scope: { group: boilers, points: boiler/temperature }
when: { bands: [{ level: minor, high: 80 }] }
---
kind: provisioning
id: meters
when: aliases.imei.startsWith("35")
deviceKind: gateway
type: boiler
groups: [paris/hall-2]
labels: { site: paris }
---
kind: channel
id: ops
channelKind: webhook
config: { url: "https://alarms.example.com/muster" }
---
kind: route
id: all
channels: [ops]
match: { severity: major+ }
`;

interface Here {
  readonly hub: TestHub;
  readonly client: HubClient;
  readonly folder: string;
  readonly muster: (...args: string[]) => ReturnType<typeof runMuster>;
}

async function here(): Promise<Here> {
  const hub = await startHub([]);
  const client = createHubClient({ url: hub.url, token: hub.token });
  onTestFinished(() => client.close());
  const folder = temporaryFolder();
  return { hub, client, folder, muster: (...args) => runMuster(args, { env: hub.env, cwd: folder }) };
}

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly changed: readonly string[];
  readonly reason: string | null;
}
const rowsOf = (stdout: string): Row[] =>
  stdout.trim() === ''
    ? []
    : (stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)) as Row[]);
const statuses = (stdout: string): string[] => rowsOf(stdout).map(({ kind, name, status }) => `${kind} ${name} ${status}`);
const ALL = ['type boiler', 'group paris/hall-2', 'group boilers', 'device b7', 'device gw', 'rule hot', 'provisioning meters', 'channel ops', 'route all'];

test('a fleet is made from a file, and a second run changes nothing', { timeout: 90_000 }, async () => {
  const { client, folder, muster } = await here();
  writeFileSync(join(folder, 'fleet.yaml'), FLEET);
  const dry = await muster('apply', '-f', 'fleet.yaml', '--dry-run', '-o', 'ndjson');
  expect([dry.code, statuses(dry.stdout)]).toEqual([0, ALL.map((name) => `${name} would be created`)]);
  expect(await muster('get', 'device', '--json').then(({ stdout }) => JSON.parse(stdout))).toEqual([]);

  const first = await muster('apply', '-f', 'fleet.yaml', '-o', 'ndjson');
  expect([first.stderr, first.code, statuses(first.stdout)]).toEqual(['', 0, ALL.map((name) => `${name} created`)]);
  expect(await client.devices.show('b7')).toMatchObject({ parent: 'gw', type: 'boiler', memberOf: ['paris', 'boilers', 'paris/hall-2'], points: 1 });
  expect(await client.types.show('boiler')).toMatchObject({ configSchema: { type: 'object' } });
  expect(await client.provisioningRules.show('meters')).toMatchObject({ kind: 'gateway', type: 'boiler', groups: ['paris/hall-2'] });
  const second = await muster('apply', '-f', 'fleet.yaml', '-o', 'ndjson');
  expect([second.code, statuses(second.stdout)]).toEqual([0, ALL.map((name) => `${name} unchanged`)]);
  const same = await muster('diff', '-f', 'fleet.yaml', '--exit-code');
  expect([same.code, same.stdout]).toEqual([0, '']);
});

test('what the hub writes is what it takes, on another hub too', { timeout: 90_000 }, async () => {
  const { folder, muster } = await here();
  writeFileSync(join(folder, 'fleet.yaml'), FLEET);
  expect((await muster('apply', '-f', 'fleet.yaml')).code).toBe(0);
  const got = await muster('get', 'all');
  writeFileSync(join(folder, 'got.yaml'), got.stdout);
  expect(got.stdout).toContain('kind: device\nid: gw\ndeviceKind: gateway\naliases:\n  imei: "490154203237518"\n');
  expect(got.stdout).not.toMatch(/createdAt|secret|null/);
  expect(statuses((await muster('apply', '-f', 'got.yaml', '-o', 'ndjson')).stdout).filter((row) => !row.endsWith('unchanged'))).toEqual([]);
  const other = await here();
  writeFileSync(join(other.folder, 'got.json'), (await muster('get', 'all', '--json')).stdout);
  const applied = await other.muster('apply', '-f', 'got.json', '-o', 'ndjson');
  expect([applied.code, statuses(applied.stdout).filter((row) => !row.endsWith('created'))]).toEqual([0, []]);
  expect((await other.muster('get', 'all')).stdout).toBe(got.stdout);
});

test('a difference is shown line by line, and applying it changes what the file says and no more', { timeout: 90_000 }, async () => {
  const { client, folder, muster } = await here();
  writeFileSync(join(folder, 'fleet.yaml'), FLEET);
  await muster('apply', '-f', 'fleet.yaml');
  await client.devices.update('b7', { name: 'By hand', labels: { floor: '3', extra: 'x' } });
  const diff = await muster('diff', '-f', 'fleet.yaml', '--exit-code');
  expect(diff.code).toBe(99);
  expect(diff.stdout).toContain('~ device b7  (fleet.yaml:');
  expect(diff.stdout).toContain('-   floor: "3"');
  expect(diff.stdout).toContain('+   floor: "2"');
  const applied = await muster('apply', '-f', 'fleet.yaml', '--changed', '-o', 'ndjson');
  expect(rowsOf(applied.stdout)).toMatchObject([{ name: 'b7', status: 'updated', changed: ['labels'] }]);
  // The file does not say a name.
  expect(await client.devices.show('b7')).toMatchObject({ name: 'By hand', labels: { site: 'paris', floor: '2' } });

  await client.rules.disable('hot');
  expect(statuses((await muster('apply', '-f', 'fleet.yaml', '--changed', '-o', 'ndjson')).stdout)).toEqual([]);
  writeFileSync(join(folder, 'fleet.yaml'), FLEET.replace('match: { severity: major+ }', 'groupBy: [rule]'));
  await muster('apply', '-f', 'fleet.yaml');
  await client.provisioningRules.update('meters', { decision: 'hold' });
  const held = await muster('apply', '-f', 'fleet.yaml', '--changed', '-o', 'ndjson');
  expect(rowsOf(held.stdout)).toMatchObject([{ kind: 'provisioning', name: 'meters', changed: ['decision'] }]);
  expect((await client.provisioningRules.show('meters')).decision).toBe('accept');
  const { mentions } = await client.groups.move({ from: 'paris', to: 'rome', dryRun: true });
  expect(mentions).toContainEqual({ kind: 'provisioning', id: 'meters', group: 'paris/hall-2' });
  const route = await client.routes.show('all');
  expect([route.match, route.groupBy]).toEqual([undefined, ['rule']]);
});

test('nothing is deleted unless it is said, and then only what this set has', { timeout: 120_000 }, async () => {
  const { client, folder, muster } = await here();
  mkdirSync(join(folder, 'fleet'));
  writeFileSync(join(folder, 'fleet/one.yaml'), FLEET);
  await client.devices.create({ id: 'by-hand' });
  await muster('apply', '-f', 'fleet', '--set', 'paris');
  writeFileSync(join(folder, 'fleet/one.yaml'), 'kind: group\npath: paris/hall-2\n');
  const without = await muster('apply', '-f', 'fleet', '--set', 'paris', '-o', 'ndjson');
  expect(statuses(without.stdout)).toEqual(['group paris/hall-2 unchanged']);
  const elsewhere = await muster('apply', '-f', 'fleet', '--set', 'lyon', '--prune', '--dry-run', '-o', 'ndjson');
  expect(statuses(elsewhere.stdout)).toEqual(['group paris/hall-2 unchanged']);
  const asked = await muster('apply', '-f', 'fleet', '--set', 'paris', '--prune');
  expect([asked.code, asked.stderr]).toEqual([
    2,
    expect.stringContaining('Delete 1 channel, 2 devices, 1 group, 1 provisioning rule, 1 route, 1 rule, 1 type?'),
  ]);
  const pruned = await muster('apply', '-f', 'fleet', '--set', 'paris', '--prune', '--yes', '--changed', '-o', 'ndjson');
  expect([pruned.stderr, pruned.code]).toEqual(['', 0]);
  expect(statuses(pruned.stdout).sort()).toEqual([
    ...[
      'channel ops deleted',
      'device b7 deleted',
      'device gw deleted',
      'group boilers deleted',
      'provisioning meters deleted',
      'route all deleted',
      'rule hot deleted',
      'type boiler deleted',
    ],
  ]);
  expect((await client.devices.show('by-hand')).id).toBe('by-hand');
  expect(await client.manifestSets.list()).toEqual({ items: [{ name: 'paris', objects: 1 }] });
  // Made again by somebody else, it is nobody's: the set has forgotten it.
  await client.devices.create({ id: 'b7' });
  const journalled = async () =>
    JSON.parse((await muster('event', 'list', '--kind', 'manifest-set.*', '--all', '--json')).stdout) as { actor: string; text: string; details: object }[];
  await waitUntil(async () => (await journalled()).some(({ text }) => /took .* out of the manifest set paris/.test(text)), 'the journal has it');
  const told = await journalled();
  expect(told.some(({ text }) => /put \d+ objects? into the manifest set paris/.test(text))).toBe(true);
  expect(new Set(told.map(({ actor }) => actor)).size).toBe(1);
  const count = told.length;
  expect(statuses((await muster('apply', '-f', 'fleet', '--set', 'paris', '--prune', '--yes', '--changed', '-o', 'ndjson')).stdout)).toEqual([]);
  expect(await journalled()).toHaveLength(count);
  const selected = await muster('apply', '-f', 'fleet', '--prune', '--selector', 'id=by-hand', '--yes', '--changed', '-o', 'ndjson');
  expect(statuses(selected.stdout)).toEqual(['device by-hand deleted']);
});

test('what is wrong is told with its place; what fails does not stop the rest', { timeout: 90_000 }, async () => {
  const { folder, muster } = await here();
  const wrong = async (text: string): Promise<string> => {
    writeFileSync(join(folder, 'wrong.yaml'), text);
    const { code, stderr } = await muster('apply', '-f', 'wrong.yaml');
    expect(code).toBe(2);
    return stderr;
  };
  expect(await wrong('kind: group\npath: a\n---\nkind: device\nid: x\ncolour: red\n')).toContain('wrong.yaml:4: the device x has an unknown field `colour`');
  expect(await wrong('kind: boat\nid: x\n')).toContain('wrong.yaml:1: `kind` must be one of type, group, device');
  expect(await wrong('devices:\n  - id: x\n  - id: x\n')).toContain('wrong.yaml:3: the device x stands there twice: at wrong.yaml:2 too');
  expect(await wrong('devices:\n  - name: x\n')).toContain('wrong.yaml:2: the device has no `id`');
  expect(await wrong('# nothing\n')).toContain('there is no object in it');
  expect(await wrong('{')).toContain('neither YAML nor JSON');

  writeFileSync(join(folder, 'partly.yaml'), 'devices:\n  - id: good\n  - id: bad\n    type: nothing\n---\nkind: rule\nid: r\nwhen: { bands: [] }\n');
  const dry = await muster('apply', '-f', 'partly.yaml', '--dry-run', '-o', 'ndjson');
  expect([dry.code, statuses(dry.stdout)]).toEqual([7, ['device good would be created', 'device bad would be created', 'rule r failed']]);
  const partly = await muster('apply', '-f', 'partly.yaml', '-o', 'ndjson');
  expect([partly.code, statuses(partly.stdout)]).toEqual([7, ['device good created', 'device bad failed', 'rule r failed']]);
  expect(rowsOf(partly.stdout)[1]?.reason).toContain('there is no type nothing');
  expect(readFileSync(join(folder, 'partly.yaml'), 'utf8')).toContain('good');
});
