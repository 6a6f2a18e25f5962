import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import type { Authentication, Authenticator, CredentialListener, TokenListener } from '../../src/lib/access/access.ts';
import { authorize } from '../../src/lib/access/authorize.ts';
import type { Principal } from '../../src/lib/access/principal.ts';
import { defaultSettings, type Settings } from '../../src/lib/config/settings.ts';
import type { DeviceId, ProjectId } from '../../src/lib/domain/ids.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import type { Connection } from '../../src/lib/fleet/presence.ts';
import type { InboundMessage } from '../../src/lib/ingest/inbound-message.ts';
import type { Ingest, Outcome } from '../../src/lib/ingest/ingest.ts';
import { createMqttProtocol, type MqttProtocol } from '../../src/lib/protocols/mqtt/mqtt-protocol.ts';
import type { MqttPorts, RefusedPublish, Trouble } from '../../src/lib/protocols/mqtt/ports.ts';
import { aDevice } from './fleet.ts';
import { type MemoryBrokerStorage, memoryBrokerStorage } from './memory-broker-storage.ts';
import { SILENT_LOG } from './silent-log.ts';

/** A message that the fake ingest holds until the test decides. */
export interface Waiting {
  readonly message: InboundMessage;
  store(outcome?: Partial<Outcome>): void;
  fail(error: Error): void;
}

export interface MqttHub {
  readonly protocol: MqttProtocol;
  readonly port: number;
  readonly url: string;
  readonly directory: Directory;
  readonly storage: MemoryBrokerStorage;
  /** Everything that ingest was given, in order. */
  readonly messages: InboundMessage[];
  /** Those it has not answered yet, when `held` was asked for. */
  readonly waiting: Waiting[];
  readonly refused: RefusedPublish[];
  readonly trouble: Trouble[];
  readonly present: Map<string, Connection>;
  readonly seen: { readonly device: DeviceId; readonly connectionId: string | null }[];
  readonly logIns: { readonly name: string; readonly password: string }[];
  changeCredentials(device: string): void;
  revokeToken(id: string): void;
  /** `ws://...` of an HTTP server that upgrades as the hub does. */
  webSocketUrl(): Promise<string>;
}

/** Device ids are user names; the password is `secret-<id>`. Tokens: `mst_<project>_<role>`, `mst_locked`. */
const authenticator = (logIns: MqttHub['logIns'], directory: Directory): Authenticator => ({
  async bearer(token) {
    const [, project, role] = token.split('_');
    if (token === 'mst_locked') return { ok: false, code: 'locked_out', reason: 'too many wrong tokens', retryAfterMs: 1000 };
    if (role !== 'viewer' && role !== 'operator' && role !== 'admin') return wrong;
    return allowed({ kind: 'token', id: `${project}-${role}`, name: token, project: project as ProjectId, role });
  },
  async device(name, password) {
    logIns.push({ name, password });
    const entry = directory.device(name);
    if (!entry || password !== `secret-${name}`) return wrong;
    return allowed({ kind: 'device', id: entry.device.id, project: entry.device.project });
  },
  async user() {
    return wrong;
  },
  async certificate() {
    return wrong;
  },
});
const wrong: Authentication = { ok: false, code: 'not_logged_in', reason: 'wrong name or password', retryAfterMs: null };
const allowed = (principal: Principal): Authentication => ({ ok: true, principal });

/**
 * The MQTT adapter on free ports with a fleet of two projects: `a`: gateway `gw` with the child `sensor`, device `pump`,
 * disabled `idle`; `b`: device `other`. Ingest is a fake that stores at once, or holds every message for the test.
 */
export async function startMqttHub(
  options: { readonly settings?: Partial<Settings>; readonly held?: boolean; readonly ports?: Partial<MqttPorts>; readonly storage?: MemoryBrokerStorage } = {},
): Promise<MqttHub> {
  const directory = new Directory();
  directory.putDevice(aDevice('gw', { project: 'a', kind: 'gateway' }));
  directory.putDevice(aDevice('sensor', { project: 'a', parent: 'gw' }));
  directory.putDevice(aDevice('pump', { project: 'a' }));
  directory.putDevice(aDevice('idle', { project: 'a', state: 'disabled' }));
  directory.putDevice(aDevice('other', { project: 'b' }));

  const messages: InboundMessage[] = [];
  const waiting: Waiting[] = [];
  const refused: RefusedPublish[] = [];
  const trouble: Trouble[] = [];
  const present = new Map<string, Connection>();
  const seen: MqttHub['seen'] = [];
  const logIns: MqttHub['logIns'] = [];
  const credentialListeners = new Set<CredentialListener>();
  const tokenListeners = new Set<TokenListener>();

  const storage = options.storage ?? memoryBrokerStorage();
  const ingest: Ingest = {
    accept(message) {
      messages.push(message);
      const { alongside = [] } = message;
      if (!options.held) {
        const outcome: Outcome = { accepted: 1, rejected: [], rejectedCount: 0 };
        return alongside.length === 0 ? Promise.resolve(outcome) : storage.commit(alongside).then(() => outcome);
      }
      return new Promise((resolve, reject) => {
        waiting.push({
          message,
          store: (outcome = {}) => void storage.commit(alongside).then(() => resolve({ accepted: 1, rejected: [], rejectedCount: 0, ...outcome }), reject),
          fail: reject,
        });
      });
    },
    pressure: () => null,
    heldBackMs: () => 0,
  };
  const protocol = createMqttProtocol({
    settings: { ...defaultSettings(), 'mqtt.port': 0, ...options.settings },
    log: SILENT_LOG,
    directory,
    presence: {
      connected: (connection) => void present.set(connection.id, connection),
      disconnected: (id) => void present.delete(id),
      seen: (device, { connectionId }) => void seen.push({ device, connectionId }),
      isOnline: () => false,
      status: () => ({ online: false, connectedAt: null, lastSeenAt: null, lastAddress: null, protocol: null }),
    },
    authenticator: authenticator(logIns, directory),
    authorize,
    ingest,
    deviceMessages: {
      alarm: {
        accept: (message) => {
          messages.push(message);
          return Promise.resolve({ accepted: 1, rejected: [], rejectedCount: 0 });
        },
      },
    },
    broker: storage,
    clock: Date.now,
    tls: null,
    onCredentialsChanged: listenTo(credentialListeners),
    onTokenRevoked: listenTo(tokenListeners),
    onRefused: (publish) => void refused.push(publish),
    onTrouble: (one) => void trouble.push(one),
    ...options.ports,
  });
  await protocol.start();
  onTestFinished(() => protocol.stop());
  const first = protocol.listeners[0];
  return {
    protocol,
    port: first?.port ?? 0,
    url: first?.url ?? '',
    directory,
    storage,
    messages,
    waiting,
    refused,
    trouble,
    present,
    seen,
    logIns,
    changeCredentials: (device) => {
      for (const listener of credentialListeners) listener(device as DeviceId);
    },
    revokeToken: (id) => {
      for (const listener of tokenListeners) listener(id);
    },
    async webSocketUrl() {
      const http = createServer();
      const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'mqtt' });
      sockets.on('connection', (socket, request) => protocol.handleWebSocket(socket, request));
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      onTestFinished(async () => {
        for (const socket of sockets.clients) socket.terminate();
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      });
      return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/mqtt`;
    },
  };
}

function listenTo<Listener>(listeners: Set<Listener>): (listener: Listener) => () => void {
  return (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
}
