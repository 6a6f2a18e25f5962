import type { HubClient } from '../../src/lib/client/hub-client.ts';

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

/**
 * For each command, by its id. In the hub there are: the device `boiler` with the point `temperature` and samples of the last hour;
 * in the directory: recording.csv; contexts: `local` (of the hub, current) and `spare`.
 */
export const CONTRACT_ARGUMENTS: Readonly<Record<string, ContractArguments>> = {
  'alarm:export': { args: ['--file', 'alarms.csv', '--force'] },
  completion: { args: ['bash'] },
  'context:add': { args: ['another', '--url', 'http://127.0.0.1:1'] },
  'context:list': { args: [] },
  'context:remove': { args: ['spare', '--yes'] },
  'context:show': { args: [] },
  'context:use': { args: ['spare'] },
  demo: { args: ['--duration', '1s'] },
  'device:create': { args: ['made-here'] },
  'device:credential': { args: ['boiler'] },
  'device:delete': { args: ['to-delete', '--yes'], prepare: (client) => made(client.devices.create({ id: 'to-delete' })) },
  'device:list': { args: [] },
  'device:rejects': { args: [] },
  'device:show': { args: ['boiler'] },
  'device:update': { args: ['boiler', '--name', 'Boiler'] },
  doctor: { args: [] },
  'event:export': { args: ['--file', 'events.csv', '--force'] },
  'event:list': { args: [] },
  'event:tail': { args: ['--since', '-1h', '--count', '1'] },
  export: { args: ['--file', 'export.csv', '--force'] },
  import: { args: ['recording.csv', '--device', 'imported', '--create'] },
  latest: { args: [] },
  login: { args: ['--token-stdin'], stdin: (token) => `${token}\n` },
  logout: {
    args: [],
    prepare: async (client) => ({ token: (await client.tokens.create({ name: 'leaves', role: 'viewer' })).token }),
    tokenRefused: { code: 0, why: 'a token that the hub does not know is as good as revoked' },
  },
  'point:list': { args: [] },
  'point:show': { args: ['boiler', 'temperature'] },
  'point:update': { args: ['boiler', 'temperature', '--unit', '°C'] },
  query: { args: ['boiler', 'temperature'] },
  serve: { args: ['--ephemeral', '--http', '0', '--mqtt', '0'], endless: true },
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
