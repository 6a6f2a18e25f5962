import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { expand } from '../../src/lib/reference/command-pages.ts';
import { answeringDevice } from '../helpers/answering-device.ts';
import { makeAuthorities } from '../helpers/example-authorities.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runResident } from '../helpers/residents.ts';
import { repository } from '../helpers/source-graph.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { waitUntil } from '../helpers/wait-until.ts';

// Every example of every command's help runs as it stands, from a fresh start each: the fleet, files and contexts that examples may
// name are made here and described in docs/contribute/examples.md. A shell always takes the line apart; it also runs what has pipes or
// redirections, or goes on until Ctrl-C. A command alone runs in a process that is there already: the start of one is ten times as long.

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly hidden?: boolean; readonly examples?: readonly (string | { readonly command: string })[] }>>;
}
const manifest = JSON.parse(readFileSync(join(repository, 'oclif.manifest.json'), 'utf8')) as Manifest;
const examples = Object.entries(manifest.commands).flatMap(([id, command]) =>
  command.hidden ? [] : (command.examples ?? []).map((example) => [id, expand(typeof example === 'string' ? example : example.command, id)] as const),
);

/** They go on until Ctrl-C, and this is the exit code they leave then. */
const ENDLESS: readonly (readonly [RegExp, number])[] = [
  [/^muster serve\b/, 0],
  [/^muster demo\b(?!.*--duration)/, 0],
  [/^muster alarm tail(?!.*--(?:count|duration))/, 130],
  [/^muster event tail(?!.*--(?:count|duration))/, 130],
  [/^muster tail(?!.*--(?:count|duration))/, 130],
  [/^muster trend\b.*--follow/, 130],
];
/** They ask a question, or for a password: without a terminal that is wrong usage, with a hint how to do without. */
const ASKS = [
  /^muster alarm (?!list|show|tail|stats|assert|export)[a-z-]+ (?=--)(?!.*--(?:yes|dry-run|normal))/,
  /^muster (?:device|type|token|user|context|rule|maintenance|channel|route|claim|provisioning|device credential) (?:delete|remove|revoke)\b(?!.*--(?:yes|dry-run))/,
  /^muster device retire\b(?!.*--(?:yes|dry-run))/,
  /^muster group delete\b(?!.*--(?:yes|dry-run))/,
  /^muster simulate clean$/,
  /^muster login(?!.*-stdin)/,
];

/** What the shell would do itself, and commands that keep ports and threads. */
const SHELL = /[|&;<>`]|\$\(/;
const STAYS = /^muster (?:serve|demo|simulate)\b/;

/** They change nothing in the hub, so that the next of them finds the fleet as it was made. */
const READS =
  /^muster (?:[a-z]+ )*(?:list|show|history|export|find|query|latest|status|tail|trend|stats|tree|diff|get|whoami|completion|validate|rejects|certificates)\b/;

const PASSWORD = 'correct horse battery staple';

let hub: TestHub;
let client: HubClient;
let answering: MqttClient | null = null;
/** The fleet of the example before, as long as that one only read; and what it was made for. */
let made: { readonly purpose: string; readonly ids: Ids } | null = null;
/** What examples about other things leave alone: it is made anew only around those that name it. */
const TOUCHES = {
  users: /\b(?:user|login)\b/,
  tokens: /\b(?:token|login|logout|context)\b/,
  channels: /\b(?:channel|route|delivery|apply)\b/,
  rules: /\b(?:rule|alarm|apply|maintenance|simulate|demo)\b/,
  admission: /provisioning|claim|waiting-|apply/,
} as const;
let before = '';
let tokens: string[] = [];
let contextTokens: string[] = [];
let version = 1;

beforeAll(async () => {
  hub = await startHub([], { keep: true });
  client = createHubClient({ url: hub.url, token: hub.token });
  await client.users.update('admin', { password: PASSWORD });
});
afterAll(async () => {
  await answering?.endAsync(true);
  client?.close();
  await hub?.stop();
});

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(40);
});

const commandIds = [...new Set(examples.map(([id]) => id))];
const reading = commandIds.filter((id) => READS.test(`muster ${id.replaceAll(':', ' ')}`));

describe.each([...reading, ...commandIds.filter((id) => !reading.includes(id))])('muster %s', (id) => {
  test.each(examples.filter(([command]) => command === id).map(([, line]) => line))('%s', { timeout: 60_000 }, async (line) => {
    const interrupted = ENDLESS.find(([pattern]) => pattern.test(line))?.[1];
    // One that goes on until Ctrl-C is given something to show.
    const reads = READS.test(line) && interrupted === undefined;
    const purpose = reads ? purposeOf(line) : line;
    const ids = made?.purpose === purpose ? made.ids : await makeFleet(line);
    made = reads ? { purpose, ids } : null;
    before = line;
    const files = await makeAuthorities(client, line);
    const ended = await run(concrete(line, ids), files, interrupted !== undefined);
    const expected = ASKS.some((pattern) => pattern.test(line)) ? 2 : (interrupted ?? 0);
    expect(`${ended.code} ${ended.code === expected ? '' : ended.output}`.trim()).toBe(String(expected));
    expect(ended.output).not.toMatch(/^\s+at .*\(/m);
    if (expected === 2) expect(ended.output).toMatch(/terminal|--yes|-stdin/);
  });
});

interface Ids {
  readonly tokens: readonly string[];
  readonly credentials: readonly string[];
  readonly maintenance: string;
  /** The end of the id of an alarm of boiler-hot on boiler-7; empty where no example needs one. */
  readonly alarm: string;
  /** Of something that was asked of boiler-7, and waits; empty where no example needs it. */
  readonly command: string;
  /** Of a job that asks boiler-7 and boiler-8, in the state that the example is about. */
  readonly job: string;
  /** Of the rule boiler-hot: those that were deleted count. */
  readonly version: number;
}

/** What an example stands for on this machine: the hub's address, free ports, loopback, the ids of secrets, a second instead of minutes. */
function concrete(line: string, ids: Ids): string {
  const secrets = line.includes('credential') ? ids.credentials : ids.tokens;
  return line
    .replaceAll('http://127.0.0.1:8080', hub.url)
    .replaceAll('0198c0de-0000-7000-8000-000000000000', ids.maintenance)
    .replaceAll('0199c0de-0000-7000-8000-000000000000', ids.command)
    .replaceAll('0199d0b5-0000-7000-8000-000000000000', ids.job)
    .replace('--version 1', `--version ${ids.version}`)
    .replaceAll('3f9a61c2', ids.alarm)
    .replace(/(alarm assert.*) --for \S+/, '$1 --for 1s')
    .replaceAll('01f3a9', secrets[0] ?? '')
    .replaceAll('7c20bb', secrets[1] ?? '')
    .replace('--host 0.0.0.0', '--host 127.0.0.1')
    .replace(/--(http|mqtts?) \d+/g, '--$1 0')
    .replace(/--duration \S+/, '--duration 1s');
}

/** What `makeFleet` looks at in a line that only reads. */
function purposeOf(line: string): string {
  const kind = /^muster (alarm|set|call|command|job)\b/.exec(line)?.[1] ?? '';
  return [kind, ...['device config', 'waiting-', ' --create'].filter((word) => line.includes(word))].join();
}

async function makeFleet(line: string): Promise<Ids> {
  const devices: { id: string; parent: string | null }[] = [];
  for await (const device of client.devices.list()) devices.push(device);
  // A gateway goes after its children.
  devices.sort((one, other) => Number(one.parent === null) - Number(other.parent === null));
  for (const { id } of devices) await client.devices.delete(id);
  for await (const type of client.types.list()) await client.types.delete(type.id);
  const anew = (kind: keyof typeof TOUCHES): boolean => before === '' || TOUCHES[kind].test(before) || TOUCHES[kind].test(line);
  if (anew('users')) for await (const user of client.users.list()) if (user.name !== 'admin') await client.users.remove(user.name);
  // What an example creates is not there yet; everything else is.
  const creates = /(?<! credential) (?:create|replay) | --create\b/.test(line);
  const missing = (name: string): boolean => creates && new RegExp(` (?:create|--device|-d) ${name}\\b`).test(line);
  // type.yaml is the type `boiler` too.
  if (!missing('boiler') && !line.includes('create --file')) {
    await client.types.create({
      id: 'boiler',
      points: [
        { path: 'boiler/temperature', unit: '°C' },
        { path: 'boiler/on', valueType: 'boolean', kind: 'status' },
      ],
    });
  }
  if (!missing('probe')) await client.types.create({ id: 'probe', mode: 'open' });
  if (!missing('gateway-1')) {
    await client.devices.create({ id: 'gateway-1', kind: 'gateway', labels: { site: 'paris' }, aliases: { imei: '490154203237518' } });
  }
  // It was entered, and has nothing to come with.
  if (line.includes('pump-9')) await client.devices.create({ id: 'pump-9' });
  const credentials: string[] = [];
  for (const id of ['gw-1', 'boiler-7', 'boiler-8', 'station-1']) {
    if (missing(id)) continue;
    await client.devices.create({ id, labels: { site: 'paris', floor: '2' } });
    await client.report(
      id,
      [60_000, 3_600_000, 86_400_000].map((ago) => ({
        ts: Date.now() - ago,
        values: { 'boiler/temperature': 71.4, 'boiler/pressure': 1.6, 'boiler/on': true },
      })),
    );
    if (id === 'boiler-7' && line.includes('device config')) for (const interval of [30, 60]) await client.configs.set(id, { document: { interval } });
    if (id === 'boiler-7') for (const _ of [1, 2]) credentials.push((await client.devices.addCredential(id, {})).id);
  }
  for await (const { path } of client.groups.list({ depth: 0 })) await client.groups.delete(path, { all: true });
  for (const path of ['paris/hall-2', 'boilers', 'lyon']) if (!missing(path)) await client.groups.create({ path, level: 'site' });
  if (!missing('boiler-7')) await client.groups.members({ group: 'paris/hall-2', action: 'add', devices: ['boiler-7'] });
  if (anew('users')) for (const name of ['grace', 'ada']) if (!missing(name)) await client.users.create({ name, role: 'operator' });
  if (anew('channels')) await makeChannels(line, missing);
  if (anew('tokens')) await makeTokens();
  if (anew('rules')) version = await makeRules(line);
  if (anew('admission')) {
    for await (const { id } of client.provisioningRules.list()) await client.provisioningRules.delete(id);
    await client.provisioningRules.create({ id: 'known', when: "id.startsWith('waiting-')", decision: 'hold' });
    // A claim is revoked for good: those of before are there still.
    for (const id of ['batch-1', 'batch-2']) await client.claims.create({ id }).catch(() => undefined);
  }
  if (line.includes('waiting-')) {
    const { token } = await client.claims.create({ id: `of-${Date.now()}` });
    for (const id of ['waiting-1', 'waiting-2']) await client.request('POST', '/claim', { body: { id }, headers: { authorization: `Bearer ${token}` } });
  }
  for await (const { id } of client.maintenances.list()) await client.maintenances.delete(id);
  const maintenance = (await client.maintenances.create({ scope: { device: 'gw-1' }, to: Date.now() + 3_600_000 })).id;
  const alarm = line.startsWith('muster alarm') ? await raiseAlarm(line) : '';
  return {
    tokens,
    credentials,
    maintenance,
    version,
    alarm,
    command: /^muster (?:set|call|command|job)\b/.test(line) ? await makeCommandable(line) : '',
    job: line.startsWith('muster job') ? await makeJob(line) : '',
  };
}

async function makeChannels(line: string, missing: (name: string) => boolean): Promise<void> {
  for await (const { id } of client.routes.list()) await client.routes.delete(id);
  for await (const { id } of client.channels.list()) await client.channels.delete(id);
  for (const id of ['pager', 'mail', 'local', 'spare']) if (!missing(id) && !(id === 'pager' && line.includes('channel create --file'))) await makeChannel(id);
  for (const id of ['critical', 'all'])
    if (!missing(id) && !(id === 'critical' && line.includes('route create --file'))) await client.routes.create({ id, channels: ['local'] });
}

/** Two that an example may name, and a log-in of its own for each context: `logout` revokes it. */
async function makeTokens(): Promise<void> {
  const create = async (name: string, role: 'viewer' | 'admin') => client.tokens.create({ name, role });
  const revoke = async (id: string) => client.tokens.revoke(id).catch(() => undefined);
  for await (const { id, name, revokedAt } of client.tokens.list()) if (/^(?:example-|context)/.test(name) && revokedAt === null) await revoke(id);
  tokens = [(await create('example-0', 'viewer')).id, (await create('example-1', 'viewer')).id];
  contextTokens = [];
  while (contextTokens.length < 4) contextTokens.push((await create('context', 'admin')).token);
}

/** The version of boiler-hot: those that were deleted count. */
async function makeRules(line: string): Promise<number> {
  for await (const rule of client.rules.list()) await client.rules.delete(rule.id);
  let made = 1;
  for (const id of ['boiler-hot', 'silent']) {
    if (/ rule create /.test(line)) break;
    const when = id === 'silent' ? { noData: { after: '1h', level: 'major', of: 'device' } } : { bands: [{ level: 'minor', high: 80 }] };
    const rule = await client.rules.create({ id, ...(id === 'silent' ? {} : { scope: { points: 'boiler/temperature' } }), when });
    if (id === 'boiler-hot') made = rule.version;
  }
  return made;
}

/** The boilers have what can be set, and boiler-7 is there to do what an example waits for. */
async function makeCommandable(line: string): Promise<string> {
  await answering?.endAsync(true);
  answering = null;
  for (const id of ['boiler-7', 'boiler-8']) {
    await client.report(id, { 'boiler/target': 55, 'boiler/mode': 'eco' });
    await client.points.update(id, 'boiler/target', { kind: 'setpoint' });
    await client.points.update(id, 'boiler/mode', { kind: 'parameter' });
  }
  const { id } = await client.commands.call('boiler-7', { name: 'restart' });
  if (line.includes('--wait')) {
    const { secret } = await client.devices.addCredential('boiler-7', {});
    answering = await answeringDevice(hub.mqttUrl, 'boiler-7', secret);
  }
  return id;
}

async function makeJob(line: string): Promise<string> {
  for await (const { id, endedAt } of client.jobs.list()) if (endedAt === null) await client.jobs.step(id, 'cancel');
  const { id } = await client.jobs.create({ selector: 'id=boiler-7|boiler-8', call: { name: 'restart' }, start: !line.includes(' start ') });
  if (line.includes(' resume ')) await client.jobs.step(id, 'pause');
  if (line.includes(' retry ')) {
    await client.jobs.step(id, 'cancel');
    await waitUntil(async () => (await client.jobs.show(id)).endedAt !== null, 'it is over');
  }
  return id;
}

/** Beyond the limit of boiler-hot, on two boilers; to reset it, latched and over. */
async function raiseAlarm(line: string): Promise<string> {
  const latched = line.startsWith('muster alarm reset');
  if (latched)
    await client.rules.update('boiler-hot', {
      id: 'boiler-hot',
      latch: true,
      scope: { points: 'boiler/temperature' },
      when: { bands: [{ level: 'minor', high: 80 }] },
    });
  for (const id of ['boiler-7', 'boiler-8']) {
    await client.report(id, { 'boiler/temperature': 95 });
    if (latched) await client.report(id, { 'boiler/temperature': 20 });
  }
  for await (const { id } of client.alarms.list({ rule: 'boiler-hot', device: 'boiler-7' })) return id.slice(-8);
  throw new Error('no alarm was raised');
}

/** `local` reaches a device of the hub itself, which takes any JSON object. */
async function makeChannel(id: string): Promise<void> {
  if (id === 'mail') {
    const config = { host: 'smtp.example.com', user: 'muster', password: PASSWORD, from: 'muster@example.com', to: ['ops@example.com'] };
    await client.channels.create({ id, kind: 'email', config });
    return;
  }
  const { token } = await client.tokens.create({ name: 'receiver', role: 'operator' });
  const url = id === 'local' ? `${hub.url}/api/v1/devices/gw-1/report` : 'https://alarms.example.com/muster';
  await client.channels.create({ id, kind: 'webhook', config: { url, secretHeaders: { Authorization: `Bearer ${token}` } } });
}

async function makeFolder(): Promise<{ readonly folder: string; readonly env: NodeJS.ProcessEnv }> {
  const folder = temporaryFolder();
  const [bin, config] = [join(folder, '.bin'), join(folder, '.muster')];
  for (const home of ['.zfunc', '.config/fish/completions']) mkdirSync(join(folder, home), { recursive: true });
  mkdirSync(bin);
  mkdirSync(config);
  writeFileSync(join(bin, 'muster'), `#!/bin/sh\nexec '${process.execPath}' '${join(repository, 'bin/run.js')}' "$@"\n`);
  chmodSync(join(bin, 'muster'), 0o755);
  symlinkSync(join(repository, 'assets'), join(folder, 'assets'));
  writeFileSync(join(folder, 'token.txt'), contextTokens[0] ?? '');
  writeFileSync(join(folder, 'password.txt'), `${PASSWORD}\n`);
  writeFileSync(join(folder, 'secret.txt'), 'a secret of thirty-two characters\n');
  writeFileSync(join(folder, 'channel.yaml'), 'id: pager\nkind: webhook\nconfig:\n  url: https://alarms.example.com/muster\n');
  writeFileSync(join(folder, 'route.yaml'), 'id: critical\nchannels: [mail]\nmatch:\n  severity: critical\n');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the hub fills it in.
  writeFileSync(join(folder, 'provisioning.yaml'), "id: boilers\nwhen: kind == 'device'\ntype: boiler\nlabels: { from: '${claim}' }\n");
  writeFileSync(join(folder, 'type.yaml'), 'id: boiler\nmode: open\npoints:\n  - path: boiler/temperature\n    unit: °C\n');
  writeFileSync(join(folder, 'config.yaml'), 'interval: 60\nnetwork:\n  dhcp: true\n');
  writeFileSync(join(folder, 'weather.csv'), 'time,temperature,wind\n2026-11-01T00:00:00Z,7.5,3\n2026-11-01T01:00:00Z,7.1,4\n');
  writeFileSync(join(folder, 'backup.csv'), 'time,device,point,value\n2026-11-01T00:00:00Z,station-1,air/temperature,7.5\n');
  writeFileSync(join(folder, 'samples.ndjson'), '{"time":1793491200000,"point":"air/temperature","value":7.5}\n');
  writeFileSync(join(folder, 'devices.csv'), 'id,name,serial,label.site\nmeter-1,Meter 1,SN-1,paris\nmeter-2,Meter 2,SN-2,paris\n');
  writeFileSync(join(folder, 'list.csv'), 'Serial number;City;Ordered by\nSN-3;Paris;Grace\nSN-4;Rome;Ada\n');
  const fleet = 'kind: group\npath: paris/hall-2\nlevel: hall\n---\nkind: device\nid: boiler-7\nlabels: { site: paris }\ngroups: [paris/hall-2]\n';
  writeFileSync(join(folder, 'fleet.yaml'), fleet);
  mkdirSync(join(folder, 'fleet'));
  writeFileSync(join(folder, 'fleet/paris.yaml'), fleet);
  const bands = 'when: { bands: [{ level: minor, high: 80 }, { level: critical, high: 90 }] }';
  writeFileSync(join(folder, 'rule.yaml'), `id: boiler-hot\nscope: { type: boiler, points: boiler/temperature }\n${bands}\nonDelay: 30s\n`);
  writeFileSync(
    join(folder, 'rules.yaml'),
    `id: boiler-hot\nscope: { points: boiler/temperature }\n${bands}\n---\nid: silent\nwhen: { noData: { after: 5m, level: major, of: device } }\n`,
  );
  writeFileSync(join(folder, 'recording.csv'), 'time,boiler/temperature\n2026-11-01T00:00:00Z,75\n2026-11-01T01:00:00Z,85\n');
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', 'key.pem', '-out', 'cert.pem'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject], { cwd: folder, stdio: 'ignore' });
  const context = (number: number) => ({ url: hub.url, token: contextTokens[number], project: 'default', readOnly: false });
  writeFileSync(join(config, 'contexts.json'), JSON.stringify({ current: 'local', contexts: { local: context(1), ci: context(2), other: context(3) } }), {
    mode: 0o600,
  });
  const { MUSTER_URL: _, MUSTER_TOKEN: __, ...inherited } = hub.env;
  return {
    folder,
    env: {
      ...inherited,
      HOME: folder,
      PROFILE: join(folder, 'profile.ps1'),
      PATH: `${bin}:${process.env.PATH}`,
      MUSTER_CONFIG_DIR: config,
      XDG_DATA_HOME: folder,
      MUSTER_HTTP_PORT: '0',
      MUSTER_MQTT_PORT: '0',
    },
  };
}

async function run(line: string, files: Readonly<Record<string, string>>, endless: boolean): Promise<{ readonly code: number; readonly output: string }> {
  const { folder, env } = await makeFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  if (line.startsWith('muster ') && !endless && !SHELL.test(line) && !STAYS.test(line)) {
    const { code, stdout, stderr } = await runResident(words(line, folder, env), { env, cwd: folder, input: '', timeoutMs: 45_000 });
    return { code: code ?? -1, output: stdout + stderr };
  }
  // A process group, so that a signal reaches the command and not only its shell: as Ctrl-C does.
  const child = spawn('bash', ['-c', line], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let interrupted = false;
  let turn = 0;
  // A sample for those who watch samples, and an event for those who watch events.
  const something = () => {
    turn += 1;
    client.report('gw-1', { 'boiler/temperature': Date.now() % 2 === 0 ? 70 : 95 }).catch(() => undefined);
    client.devices.update('gw-1', { name: `Gateway ${turn}` }).catch(() => undefined);
  };
  const feed = endless ? setInterval(something, 200) : undefined;
  const heard = (chunk: Buffer): void => {
    output += chunk;
    if (!endless || interrupted || !/\n/.test(output)) return;
    interrupted = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  };
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? -1, output }));
      setTimeout(() => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      }, 45_000).unref();
    });
  } finally {
    clearInterval(feed);
  }
}

/** What the shell makes of the line: its words after `muster`, each as the command gets it. */
function words(line: string, cwd: string, env: NodeJS.ProcessEnv): readonly string[] {
  const print = `muster() { printf '%s\\0' "$@"; }\n${line}`;
  return execFileSync('bash', ['-c', print], { cwd, env, encoding: 'utf8' }).split('\0').slice(0, -1);
}
