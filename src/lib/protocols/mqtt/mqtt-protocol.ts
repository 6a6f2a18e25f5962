import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type AedesOptions } from 'aedes';
import type { WebSocket } from 'ws';
import type { Principal } from '../../access/principal.ts';
import type { Protocol } from '../protocol.ts';
import type { AedesBroker, AedesClient } from './aedes-client.ts';
import { brokerHooks } from './broker-hooks.ts';
import { Connection } from './connection.ts';
import { type Listener, listen } from './listeners.ts';
import { MessageBus } from './message-bus.ts';
import { type MqttCounters, type MqttPorts, newCounters } from './ports.ts';
import { REASON } from './reason-codes.ts';
import { SessionStore } from './session-store.ts';
import type { Surroundings } from './surroundings.ts';
import { forwardAccess } from './topic-access.ts';
import { WebSocketStream } from './websocket-stream.ts';

/** Session Expiry Interval of a session that never ends (MQTT 5 section 3.1.2.11.2). */
const NEVER_EXPIRES = 0xffff_ffff;
const SWEEP_INTERVAL_MS = 10_000;
/** Sockets beyond mqtt.connections-max that are let in to be refused in words. */
const REFUSAL_ROOM = 100;
/** What the farewell of stop() may take. */
const FAREWELL_MS = 1_000;

export interface MqttProtocol extends Protocol {
  /** Takes over a WebSocket that was opened with the subprotocol `mqtt`. */
  handleWebSocket(socket: WebSocket, request: IncomingMessage): void;
  counters(): Readonly<MqttCounters>;
}

/** MQTT 3.1, 3.1.1 and 5 on aedes, over TCP, TLS and WebSocket. */
export function createMqttProtocol(ports: MqttPorts): MqttProtocol {
  const { settings, log } = ports;
  const counters = newCounters();
  const bus = new MessageBus();
  const store = new SessionStore(
    {
      absentMax: settings['mqtt.sessions-max'],
      messagesMax: settings['mqtt.session-messages-max'],
      bytesMax: settings['mqtt.session-bytes-max'],
      retainedMax: settings['mqtt.retained-messages-max'],
      retainedBytesMax: settings['mqtt.retained-bytes-max'],
    },
    (principal, topic) => forwardAccess(ports, principal, topic),
  );
  const connections = new Set<Connection>();
  const byClient = new WeakMap<AedesClient, Connection>();
  const idleWaiters: (() => void)[] = [];
  const unsubscribers: (() => void)[] = [];
  let listeners: readonly Listener[] = [];
  let sweep: NodeJS.Timeout | null = null;
  let draining = false;
  let stopped: Promise<void> | null = null;
  let credentialChanges = 0;
  let lastId = 0;

  const hooks = brokerHooks({
    around: () => around,
    connectionOf: (client) => (client === null ? undefined : byClient.get(client)),
    isFull: () => connections.size > settings['mqtt.connections-max'],
    credentialChanges: () => credentialChanges,
  });
  const broker = createBroker(ports, { mq: bus, persistence: store, ...hooks } as unknown as AedesOptions);
  const around: Surroundings = {
    ports,
    broker,
    bus,
    store,
    counters,
    isDraining: () => draining,
    settled: () => {
      if (counters.held === 0) for (const waiter of idleWaiters.splice(0)) waiter();
    },
  };
  broker.on('connackSent', (connack: { readonly returnCode?: number; readonly reasonCode?: number }, client: AedesClient) => {
    if ((connack.returnCode ?? connack.reasonCode ?? 0) === 0) byClient.get(client)?.appear();
  });

  function accept(conn: Duplex, scheme: string, address: string | null): void {
    if (draining || connections.size >= settings['mqtt.connections-max'] + REFUSAL_ROOM) {
      counters.refusedConnections++;
      conn.on('error', () => {});
      conn.destroy();
      return;
    }
    const connection = new Connection(around, conn, { id: `mqtt:${++lastId}`, scheme, address });
    connections.add(connection);
    byClient.set(connection.client, connection);
    conn.once('close', () => {
      connections.delete(connection);
      connection.disappear();
      leaveSession(connection);
    });
  }

  function leaveSession({ session, client }: Connection): void {
    // Somebody else holds it when the client came back over another connection.
    if (!session || session.owner !== byClient.get(client)) return;
    const seconds = client.sessionExpiryInterval;
    if (seconds === 0) store.leave(session, 0);
    else store.leave(session, seconds >= NEVER_EXPIRES ? Number.POSITIVE_INFINITY : ports.clock() + seconds * 1000);
  }

  /** Cuts the connections of a principal and forgets its sessions, so that nothing of it is delivered or resumed. */
  function expel(isMeant: (principal: Principal) => boolean, reason: string): void {
    credentialChanges++;
    for (const session of [...store.all()]) if (isMeant(session.principal)) store.remove(session.id);
    for (const connection of [...connections]) {
      if (connection.principal && isMeant(connection.principal)) connection.cut(REASON.administrativeAction, reason);
    }
  }

  async function idle(): Promise<void> {
    if (counters.held > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve));
  }

  async function stop(): Promise<void> {
    draining = true;
    if (sweep) clearInterval(sweep);
    for (const unsubscribe of unsubscribers.splice(0)) unsubscribe();
    const closed = Promise.all(listeners.map((listener) => listener.close()));
    const farewell = new Promise<void>((resolve) => broker.close(resolve));
    let deadline: NodeJS.Timeout | undefined;
    await Promise.race([
      farewell,
      new Promise<void>((resolve) => {
        deadline = setTimeout(resolve, FAREWELL_MS);
      }),
    ]);
    clearTimeout(deadline);
    for (const { client } of connections) client.conn.destroy();
    await closed;
  }

  return {
    get listeners() {
      return listeners.map((listener) => listener.address);
    },
    async start(): Promise<void> {
      await broker.listen();
      unsubscribers.push(
        ports.onCredentialsChanged((device) =>
          expel((principal) => principal.kind === 'device' && principal.id === device, 'the credentials of the device have changed'),
        ),
        ports.onTokenRevoked((token) =>
          expel(
            (principal) => (principal.kind === 'token' && principal.id === token) || (principal.kind === 'user' && principal.token === token),
            'the token has been revoked',
          ),
        ),
      );
      sweep = setInterval(() => store.sweep(ports.clock()), SWEEP_INTERVAL_MS);
      sweep.unref();
      listeners = await listen(ports, (socket: Socket, scheme) => accept(socket, scheme, plainAddress(socket.remoteAddress)));
      for (const { address } of listeners) log.info({ protocol: address.name, url: address.url }, 'listening');
      if (settings['mqtt.open']) log.warn({ protocol: 'mqtt' }, 'MQTT is open: any client may publish and read anything, without credentials');
    },
    async drain(): Promise<void> {
      draining = true;
      // New connections are refused from here on; those that are open keep the servers from closing until stop().
      for (const listener of listeners) void listener.close();
      await idle();
    },
    stop(): Promise<void> {
      stopped ??= stop();
      return stopped;
    },
    handleWebSocket(socket, request): void {
      accept(new WebSocketStream(socket), 'mqtt-ws', plainAddress(request.socket.remoteAddress));
    },
    counters() {
      return { ...counters, connections: connections.size, sessions: store.size, retained: store.retained, dropped: counters.dropped + store.dropped };
    },
  };
}

function createBroker({ settings, log }: MqttPorts, own: AedesOptions): AedesBroker {
  const broker = new Aedes({
    ...own,
    concurrency: 0,
    connectTimeout: settings['mqtt.connect-timeout-ms'],
    drainTimeout: settings['mqtt.idle-write-timeout-ms'],
    maxClientsIdLength: settings['mqtt.client-id-bytes-max'],
    maxTopicLevels: settings['mqtt.topic-levels-max'],
    topicAliasMaximum: settings['mqtt.topic-alias-max'],
    maximumPacketSize: settings['mqtt.packet-bytes-max'],
    receiveMaximum: settings['mqtt.receive-maximum'],
    sessionExpiryIntervalLimit: settings['mqtt.session-expiry-max-seconds'],
    pendingSessionsLimit: settings['mqtt.sessions-max'],
  }) as unknown as AedesBroker;
  // A client may be called `constructor`.
  broker.clients = Object.create(null) as AedesBroker['clients'];
  // Sessions end with their connection (leaveSession), for MQTT 3.1.1 too, where aedes keeps them without end.
  broker.scheduleSessionExpiry = () => {};
  // aedes takes the successor off its list when a client that was taken over closes late.
  const unregister = broker.unregisterClient.bind(broker);
  broker.unregisterClient = (client) => {
    if (broker.clients[client.id] === client) unregister(client);
  };
  const ended = (client: AedesClient, error: Error) => log.debug({ protocol: 'mqtt', client: client.id, error: error.message }, 'connection ended');
  broker.on('clientError', ended);
  broker.on('connectionError', ended);
  broker.on('error', (error: Error) => log.error({ protocol: 'mqtt', error: error.message }, 'the broker reports an error'));
  return broker;
}

/** An IPv4 address that arrives mapped into IPv6 is shown as the IPv4 address. */
function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null;
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
