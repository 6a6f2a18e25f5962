import { generateKeyPairSync } from 'node:crypto';
import type { HubClient } from '../../src/lib/client/hub-client.ts';
import type { JobStep } from '../../src/lib/client/resources/jobs.ts';
import { opensslAuthority } from './openssl.ts';
import { waitUntil } from './wait-until.ts';

/** What a command needs to work, for the test of the scripting contract. */
export interface ContractArguments {
  readonly args: readonly string[];
  /** What goes to stdin; without it, stdin stays open and silent. */
  readonly stdin?: (token: string) => string;
  /** Makes what the run that must work needs, and may give it other arguments. */
  readonly prepare?: (client: HubClient) => Promise<{ readonly args?: readonly string[]; readonly token?: string }>;
  /** It runs until Ctrl-C: no run of its own that ends with the exit code 0. */
  readonly endless?: true;
  /** The exit codes of what is an error elsewhere, and why. */
  readonly tokenRefused?: { readonly code: number; readonly why: string };
}

const made = async (work: Promise<unknown>): Promise<object> => {
  await work;
  return {};
};

const setPoint = async (client: HubClient): Promise<void> => {
  await client.report('boiler', { target: 55 });
  await client.points.update('boiler', 'target', { kind: 'setpoint' });
};

const aRule = (id: string) => ({ id, scope: { points: 'nothing' }, when: { bands: [{ level: 'minor', high: 80 }] } });

/** An alarm that is active, of a rule and a device of its own. */
async function raised(client: HubClient, name: string): Promise<string> {
  const device = `alarm-${name}`;
  await client.devices.create({ id: device });
  await client.rules.create({
    id: `hot-${name}`,
    scope: { device, points: 'temperature' },
    when: { bands: [{ level: 'minor', high: 80 }] },
    latch: name === 'reset',
  });
  await client.report(device, { temperature: 90 });
  if (name === 'reset') await client.report(device, { temperature: 20 });
  for await (const { id } of client.alarms.list({ device })) return id;
  throw new Error('no alarm was raised');
}
const onAlarm = (name: string, ...more: readonly string[]): ContractArguments => ({
  args: ['01f3a9c2', ...more],
  prepare: async (client) => ({ args: [await raised(client, name), ...more] }),
});
/** A job over a device that is not there, after a step. */
const onJob = (more: { readonly start?: boolean }, step?: JobStep): ContractArguments => ({
  args: ['nothing'],
  prepare: async (client) => {
    const { id } = await client.jobs.create({ selector: 'id=boiler', call: { name: 'nothing' }, ...more });
    if (step !== undefined) await client.jobs.step(id, step);
    if (step === 'cancel') await waitUntil(async () => (await client.jobs.show(id)).endedAt !== null, 'it is over');
    return { args: [id] };
  },
});
const aChannel = (client: HubClient, id: string): Promise<unknown> => client.channels.create({ id, kind: 'webhook', config: { url: 'http://127.0.0.1:1' } });
const aCa = (client: HubClient, id: string): Promise<unknown> => client.cas.create({ kind: 'own', id });
/** Its list comes by stdin: tests run beside each other, and the end of another would take a temporary folder away. */
const listImport = (): ContractArguments => {
  let list = '';
  return {
    args: ['listed', '-'],
    stdin: () => list,
    prepare: (client) => {
      const factory = opensslAuthority('/CN=Listed');
      list = factory.revocationList(['01']);
      return made(client.cas.create({ kind: 'external', id: 'listed', certificate: factory.pem, trusted: true }));
    },
  };
};
const withCertificate = async (client: HubClient, device: string): Promise<unknown> => {
  await client.devices.create({ id: device });
  await aCa(client, `of-${device}`);
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string;
  return client.certificates.issue({ device, ca: `of-${device}`, publicKey });
};
const aClaim = (client: HubClient, id: string): Promise<unknown> => client.claims.create({ id });
const aProvisioningRule = (client: HubClient, id: string): Promise<unknown> =>
  client.provisioningRules.create({ id, when: "id.startsWith('gw-')", decision: 'hold' });

/** A device that registered itself and waits. */
async function held(client: HubClient, id: string): Promise<void> {
  await client.provisioningRules.create({ id: `holds-${id}`, when: `id == '${id}'`, decision: 'hold' });
  const { token } = await client.claims.create({ id: `claim-of-${id}` });
  await client.request('POST', '/claim', { body: { id }, headers: { authorization: `Bearer ${token}` } });
}
const aRoute = async (client: HubClient, id: string): Promise<object> => {
  await aChannel(client, `of-${id}`);
  return made(client.routes.create({ id, channels: [`of-${id}`] }));
};

/**
 * For each command, by its id. In the hub there are: the device `boiler` with the point `temperature` and samples of the last hour;
 * in the directory: recording.csv, devices.csv, rule.yaml and ca.pem; contexts: `local` (of the hub, current) and `spare`.
 */
export const CONTRACT_ARGUMENTS: Readonly<Record<string, ContractArguments>> = {
  'alarm:ack': onAlarm('ack'),
  'alarm:assert': { args: ['--max', '0', '--device', 'boiler'] },
  'alarm:assign': onAlarm('assign', '--to', 'anna'),
  'alarm:comment': onAlarm('comment', '--comment', 'seen'),
  'alarm:in-service': onAlarm('in-service'),
  'alarm:list': { args: [] },
  'alarm:out-of-service': onAlarm('out-of-service'),
  'alarm:reset': onAlarm('reset'),
  'alarm:shelve': onAlarm('shelve', '--for', '1h'),
  'alarm:show': onAlarm('show'),
  'alarm:stats': { args: [] },
  'alarm:suppress': onAlarm('suppress'),
  'alarm:tail': { args: ['--since', '-1h', '--count', '1'], prepare: (client) => made(raised(client, 'tail')) },
  'alarm:unshelve': onAlarm('unshelve'),
  'alarm:unsuppress': onAlarm('unsuppress'),
  'channel:create': { args: ['made-here', '--kind', 'webhook', '--set', 'url=http://127.0.0.1:1'] },
  'channel:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(aChannel(client, 'to-delete')) },
  'channel:disable': { args: ['to-disable'], prepare: (client) => made(aChannel(client, 'to-disable')) },
  'channel:enable': { args: ['to-enable'], prepare: (client) => made(aChannel(client, 'to-enable')) },
  'channel:list': { args: [] },
  'channel:show': { args: ['shown'], prepare: (client) => made(aChannel(client, 'shown')) },
  // A receiver that takes any JSON object: a device of the hub itself.
  'channel:test': {
    args: ['tested'],
    prepare: async (client) => {
      await client.devices.create({ id: 'receiver' });
      const { token } = await client.tokens.create({ name: 'receiver', role: 'operator' });
      const config = { url: `${client.url}/api/v1/devices/receiver/report`, secretHeaders: { Authorization: `Bearer ${token}` } };
      return made(client.channels.create({ id: 'tested', kind: 'webhook', config }));
    },
  },
  'channel:update': { args: ['changed', '--set', 'burst=5'], prepare: (client) => made(aChannel(client, 'changed')) },
  'alarm:export': { args: ['--file', 'alarms.csv', '--force'] },
  'ca:certificates': { args: [] },
  'ca:crl:import': listImport(),
  'ca:init': { args: ['made-here'] },
  'ca:issue': { args: ['boiler', '--ca', 'issuing', '--out', 'issued', '--force'], prepare: (client) => made(aCa(client, 'issuing')) },
  'ca:list': { args: [] },
  'ca:register': { args: ['registered', 'ca.pem', '--trust'] },
  'ca:remove': { args: ['to-remove', '--yes'], prepare: (client) => made(aCa(client, 'to-remove')) },
  'ca:revoke': { args: ['--device', 'with-certificate', '--yes'], prepare: (client) => made(withCertificate(client, 'with-certificate')) },
  'ca:show': { args: ['shown'], prepare: (client) => made(aCa(client, 'shown')) },
  call: { args: ['boiler', 'restart'] },
  'command:cancel': { args: ['nothing'], prepare: async (client) => ({ args: [(await client.commands.call('boiler', { name: 'cancelled' })).id] }) },
  'command:list': { args: [] },
  'command:show': { args: ['nothing'], prepare: async (client) => ({ args: [(await client.commands.call('boiler', { name: 'shown' })).id] }) },
  'claim:create': { args: ['made-here'] },
  'claim:list': { args: [] },
  'claim:revoke': { args: ['to-revoke', '--yes'], prepare: (client) => made(aClaim(client, 'to-revoke')) },
  'claim:show': { args: ['shown'], prepare: (client) => made(aClaim(client, 'shown')) },
  apply: { args: ['-f', 'fleet.yaml'] },
  diff: { args: ['-f', 'fleet.yaml'] },
  get: { args: ['type'] },
  completion: { args: ['bash'] },
  'context:add': { args: ['another', '--url', 'http://127.0.0.1:1'] },
  'context:list': { args: [] },
  'context:remove': { args: ['spare', '--yes'] },
  'context:show': { args: [] },
  'context:use': { args: ['spare'] },
  'delivery:list': { args: [] },
  demo: { args: ['--duration', '1s'] },
  'device:config:diff': { args: ['boiler'] },
  'device:config:get': { args: ['boiler'] },
  'device:config:history': { args: ['boiler'] },
  'device:config:rollback': {
    args: ['to-roll-back', '--to', '1'],
    prepare: async (client) => {
      await client.devices.create({ id: 'to-roll-back' });
      return made(client.configs.set('to-roll-back', { document: { interval: 60 } }));
    },
  },
  'device:config:set': { args: ['boiler', '--set', 'interval=60'] },
  'device:create': { args: ['made-here'] },
  'device:approve': { args: ['to-approve'], prepare: (client) => made(held(client, 'to-approve')) },
  'device:credential:create': { args: ['boiler'] },
  'device:credential:list': { args: ['boiler'] },
  'device:credential:remove': {
    args: ['boiler', 'nothing', '--yes'],
    prepare: async (client) => ({ args: ['boiler', (await client.devices.addCredential('boiler', {})).id, '--yes'] }),
  },
  'device:reject': { args: ['to-reject', '--yes'], prepare: (client) => made(held(client, 'to-reject')) },
  'device:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(client.devices.create({ id: 'to-delete' })) },
  'device:disable': { args: ['to-disable'], prepare: (client) => made(client.devices.create({ id: 'to-disable' })) },
  'device:enable': { args: ['boiler'] },
  'device:export': { args: ['--file', 'exported.csv', '--force'] },
  'device:history': { args: ['boiler'] },
  'device:import': { args: ['devices.csv', '--mode', 'upsert'] },
  'device:label': { args: ['boiler', '--set', 'site=paris', '--yes'] },
  'device:list': { args: [] },
  'device:maintain': { args: ['to-maintain'], prepare: (client) => made(client.devices.create({ id: 'to-maintain' })) },
  'device:rejects': { args: [] },
  'device:retire': { args: ['to-retire', '--yes'], prepare: (client) => made(client.devices.create({ id: 'to-retire' })) },
  'device:show': { args: ['boiler'] },
  'device:update': { args: ['boiler', '--name', 'Boiler'] },
  doctor: { args: [] },
  'event:export': { args: ['--file', 'events.csv', '--force'] },
  'event:list': { args: [] },
  'event:tail': { args: ['--since', '-1h', '--count', '1'] },
  export: { args: ['--file', 'export.csv', '--force'] },
  import: { args: ['recording.csv', '--device', 'imported', '--create'] },
  'group:add': { args: ['to-fill', 'boiler'], prepare: (client) => made(client.groups.create({ path: 'to-fill' })) },
  'group:create': { args: ['made-here/below'] },
  'group:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(client.groups.create({ path: 'to-delete' })) },
  'group:list': { args: [] },
  'group:move': { args: ['to-move', 'moved', '--yes'], prepare: (client) => made(client.groups.create({ path: 'to-move' })) },
  'group:remove': { args: ['to-empty', 'boiler'], prepare: (client) => made(client.groups.create({ path: 'to-empty' })) },
  'group:show': { args: ['shown'], prepare: (client) => made(client.groups.create({ path: 'shown' })) },
  'group:tree': { args: [] },
  'group:trend': {
    args: ['trended', 'temperature', '--every', '1h'],
    prepare: (client) => made(client.groups.create({ path: 'trended', selector: 'id=boiler' })),
  },
  'group:update': { args: ['changed', '--level', 'site'], prepare: (client) => made(client.groups.create({ path: 'changed' })) },
  find: { args: ['boiler'] },
  latest: { args: [] },
  login: { args: ['--token-stdin'], stdin: (token) => `${token}\n` },
  logout: {
    args: [],
    prepare: async (client) => ({ token: (await client.tokens.create({ name: 'leaves', role: 'viewer' })).token }),
    tokenRefused: { code: 0, why: 'a token that the hub does not know is as good as revoked' },
  },
  'job:cancel': onJob({ start: false }),
  'job:list': { args: [] },
  'job:pause': onJob({}),
  'job:resume': onJob({}, 'pause'),
  'job:retry': onJob({}, 'cancel'),
  'job:show': onJob({}),
  'job:start': onJob({ start: false }),
  'point:list': { args: [] },
  'point:show': { args: ['boiler', 'temperature'] },
  'point:update': { args: ['boiler', 'temperature', '--unit', '°C'] },
  'provisioning:create': { args: ['made-here', '--decision', 'hold'] },
  'provisioning:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(aProvisioningRule(client, 'to-delete')) },
  'provisioning:list': { args: [] },
  'provisioning:show': { args: ['shown'], prepare: (client) => made(aProvisioningRule(client, 'shown')) },
  'provisioning:test': { args: ['gw-9'] },
  'provisioning:update': { args: ['changed', '--priority', '5'], prepare: (client) => made(aProvisioningRule(client, 'changed')) },
  query: { args: ['boiler', 'temperature'] },
  'maintenance:create': { args: ['--device', 'boiler', '--for', '1h'] },
  'maintenance:delete': {
    args: ['nothing', '--yes'],
    prepare: async (client) => ({ args: [(await client.maintenances.create({ scope: { device: 'boiler' }, to: Date.now() + 3_600_000 })).id, '--yes'] }),
  },
  'maintenance:list': { args: [] },
  'rule:backtest': { args: ['backtested', '--since', '1h'], prepare: (client) => made(client.rules.create(aRule('backtested'))) },
  'rule:create': { args: ['made-here', '--point', 'nothing', '--high', '80'] },
  'rule:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(client.rules.create(aRule('to-delete'))) },
  'rule:disable': { args: ['to-disable'], prepare: (client) => made(client.rules.create(aRule('to-disable'))) },
  'rule:enable': { args: ['to-enable'], prepare: (client) => made(client.rules.create({ ...aRule('to-enable'), enabled: false })) },
  'rule:explain': { args: ['boiler'] },
  'rule:list': { args: [] },
  'rule:show': { args: ['shown'], prepare: (client) => made(client.rules.create(aRule('shown'))) },
  'rule:test': { args: ['tested', '70', '85'], prepare: (client) => made(client.rules.create(aRule('tested'))) },
  'rule:update': { args: ['--file', 'rule.yaml', '--create'] },
  'route:create': {
    args: ['made-here', '--channel', 'of-made-here', '--severity', 'major+'],
    prepare: (client) => made(aChannel(client, 'of-made-here')),
  },
  'route:delete': { args: ['to-delete', '--yes'], prepare: (client) => aRoute(client, 'to-delete') },
  'route:disable': { args: ['to-disable'], prepare: (client) => aRoute(client, 'to-disable') },
  'route:enable': { args: ['to-enable'], prepare: (client) => aRoute(client, 'to-enable') },
  'route:list': { args: [] },
  'route:show': { args: ['shown'], prepare: (client) => aRoute(client, 'shown') },
  'route:test': { args: [] },
  'route:update': { args: ['changed', '--severity', 'minor'], prepare: (client) => aRoute(client, 'changed') },
  serve: { args: ['--ephemeral', '--http', '0', '--mqtt', '0'], endless: true },
  set: { args: ['boiler', 'target', '60'], prepare: (client) => made(setPoint(client)) },
  'settings:show': { args: [] },
  'settings:validate': { args: [] },
  simulate: { args: ['--gateways', '1', '--points', '1', '--interval', '100ms', '--duration', '200ms'] },
  // Not for real: it would take the gateways of the simulation that is tested beside it.
  'simulate:clean': { args: ['--dry-run'] },
  'storage:compact': { args: ['--all'] },
  'storage:retention': { args: [] },
  'storage:show': { args: [] },
  'storage:verify': { args: [] },
  'simulate:replay': { args: ['recording.csv', '--device', 'replayed', '--speed', '100000x'] },
  tail: { args: ['boiler', '--since', '-1d', '--count', '1'] },
  'token:create': { args: ['made-here'] },
  'token:list': { args: [] },
  'token:revoke': {
    args: ['nobody', '--yes'],
    prepare: async (client) => ({ args: [(await client.tokens.create({ name: 'goes', role: 'viewer' })).id, '--yes'] }),
  },
  trend: { args: ['boiler', 'temperature'] },
  'type:create': { args: ['made-here', '--mode', 'open'] },
  'type:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(client.types.create({ id: 'to-delete' })) },
  'type:list': { args: [] },
  'type:show': { args: ['shown'], prepare: (client) => made(client.types.create({ id: 'shown' })) },
  'type:update': { args: ['changed', '--mode', 'open'], prepare: (client) => made(client.types.create({ id: 'changed' })) },
  'user:create': { args: ['made-here'] },
  'user:list': { args: [] },
  'user:remove': { args: ['to-remove', '--yes'], prepare: (client) => made(client.users.create({ name: 'to-remove', role: 'viewer' })) },
  'user:update': { args: ['changed', '--role', 'operator'], prepare: (client) => made(client.users.create({ name: 'changed', role: 'viewer' })) },
  status: { args: [] },
  whoami: { args: [] },
};
