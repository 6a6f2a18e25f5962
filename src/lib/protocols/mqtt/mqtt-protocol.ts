import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { peerCertificateOf } from '../../certificates/peer-certificate.ts';
import type { CommandCarrier } from '../../control/control.ts';
import type { Protocol } from '../protocol.ts';
import { createBroker } from './broker.ts';
import { REASON } from './codec/reason-codes.ts';
import { createCommandCarrier } from './command-carrier.ts';
import { ConnectPacer } from './connect-pacer.ts';
import { Connections } from './connections.ts';
import { TICK_MS } from './deadlines.ts';
import { connectionsAllowed } from './descriptor-limit.ts';
import { type Listener, listen } from './listeners.ts';
import type { MqttCounters, MqttPorts } from './ports.ts';
import type { Session } from './sessions/session.ts';
import type { Surroundings } from './surroundings.ts';
import { WebSocketStream } from './websocket-stream.ts';

/** Ticks between two looks at what is due by the second, and at what expires. */
const SECOND_TICKS = 4;
const SWEEP_TICKS = 40;
/** What the farewell of stop() may take. */
const FAREWELL_MS = 1_000;

export interface MqttProtocol extends Protocol {
  /** Takes over a WebSocket that was opened with the subprotocol `mqtt`. */
  handleWebSocket(socket: WebSocket, request: IncomingMessage): void;
  counters(): Readonly<MqttCounters>;
  /** The way of commands to devices that subscribe to them. */
  readonly commands: CommandCarrier;
  /** mqtt.connections-max, or less where the operating system allows fewer open files. */
  readonly connectionsMax: number;
}

/** MQTT 3.1, 3.1.1 and 5 over TCP, TLS and WebSocket. */
export function createMqttProtocol(ports: MqttPorts): MqttProtocol {
  const { settings, log, clock } = ports;
  const idleWaiters: (() => void)[] = [];
  const unsubscribers: (() => void)[] = [];
  let listeners: readonly Listener[] = [];
  let timer: NodeJS.Timeout | null = null;
  let draining = false;
  let stopping = false;
  let stopped: Promise<void> | null = null;
  let credentialChanges = 0;
  let ticks = 0;
  let written: { flush(): void }[] = [];

  const commands = createCommandCarrier(() => broker);
  const broker: Surroundings & { load(): Promise<void> } = createBroker(ports, {
    listening: (session, topicFilter) => commands.listening(session, topicFilter),
    isDraining: () => draining,
    isStopping: () => stopping,
    credentialChanges: () => credentialChanges,
    ticks: () => ticks,
    settled: () => {
      if (broker.counters.held === 0) for (const waiter of idleWaiters.splice(0)) waiter();
    },
    flushSoon: (connection) => {
      // After everything else of this turn: a group commit settles many messages at once.
      if (written.push(connection) === 1) process.nextTick(flush);
    },
  });
  const { counters, store, writer, wills, retained, index, dispatcher } = broker;
  const connectionsMax = Math.min(settings['mqtt.connections-max'], connectionsAllowed());
  const connections = new Connections(broker, connectionsMax);
  const pacer = new ConnectPacer({
    perSecond: settings['mqtt.connects-per-second-max'],
    waitingMax: settings['mqtt.half-open-max'],
    onDropped: () => {
      counters.refusedConnections++;
      counters.refusedHalfOpen++;
    },
  });

  function flush(): void {
    const all = written;
    written = [];
    for (const connection of all) connection.flush();
  }

  function tick(): void {
    ticks++;
    connections.tick(ticks);
    if (ticks % SECOND_TICKS === 0) wills.sweep(clock());
    if (ticks % SWEEP_TICKS !== 0) return;
    store.sweep(clock());
    retained.sweep(clock(), writer);
  }

  /** Forgets these sessions and cuts their connections, so that nothing of them is delivered or resumed. */
  function expel(sessions: readonly Session[], reason: string): void {
    credentialChanges++;
    for (const session of sessions) {
      const { outlet } = session;
      store.remove(session, null);
      outlet?.cut(REASON.administrativeAction, reason);
    }
    writer.flush();
  }

  async function stop(): Promise<void> {
    draining = true;
    stopping = true;
    for (const unsubscribe of unsubscribers.splice(0)) unsubscribe();
    pacer.stop();
    const closed = Promise.all(listeners.map((listener) => listener.close()));
    for (const connection of [...connections.all()]) connection.cut(REASON.serverShuttingDown, 'the hub is stopping', 'keep');
    const deadline = performance.now() + FAREWELL_MS;
    while (connections.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of [...connections.all()]) connection.destroy();
    if (timer) clearInterval(timer);
    await closed;
    // A disk that does not answer must not keep the hub from ending.
    let timeout: NodeJS.Timeout | undefined;
    await Promise.race([
      writer.settle(),
      new Promise<void>((resolve) => {
        timeout = setTimeout(resolve, FAREWELL_MS);
      }),
    ]);
    clearTimeout(timeout);
  }

  return {
    get listeners() {
      return listeners.map((listener) => listener.address);
    },
    connectionsMax,
    async start(): Promise<void> {
      await broker.load();
      unsubscribers.push(
        ports.onCredentialsChanged((device, credential) => {
          const sessions = store.ofDevice(device);
          const cut =
            credential === undefined ? sessions : sessions.filter(({ principal }) => principal.kind === 'device' && principal.credential === credential);
          expel(cut, 'the credentials of the device have changed');
          // Another device may take its name, in another project even.
          if (!ports.directory.device(device)) retained.removeBelow(`devices/${device}`, writer);
        }),
        ports.onTokenRevoked((token) =>
          expel(
            [...store.all()].filter(
              ({ principal }) => (principal.kind === 'token' && principal.id === token) || (principal.kind === 'user' && principal.token === token),
            ),
            'the token has been revoked',
          ),
        ),
      );
      timer = setInterval(tick, TICK_MS);
      timer.unref();
      listeners = await listen(ports, {
        pace: (socket, next) => pacer.pace(socket, next),
        accept: (socket, scheme, finished) => connections.accept(socket, scheme, plainAddress(socket.remoteAddress), peerCertificateOf(socket), finished),
        failed: (error, scheme) => {
          if (counters.acceptFailures++ === 0)
            log.warn({ protocol: scheme, error: error.message }, 'a connection could not be taken; it is counted from now on');
        },
      });
      for (const { address } of listeners) log.info({ protocol: address.name, url: address.url }, 'listening');
      if (connectionsMax < settings['mqtt.connections-max'])
        log.info({ protocol: 'mqtt', connectionsMax }, 'the limit of open files allows fewer connections than mqtt.connections-max');
      if (settings['mqtt.open']) log.warn({ protocol: 'mqtt' }, 'MQTT is open: any client may publish and read anything, without credentials');
    },
    async drain(): Promise<void> {
      draining = true;
      // New connections are refused from here on; those that are open keep the servers from closing until stop().
      for (const listener of listeners) void listener.close();
      if (counters.held > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve));
    },
    stop(): Promise<void> {
      stopped ??= stop();
      return stopped;
    },
    handleWebSocket(socket, request): void {
      connections.accept(new WebSocketStream(socket), 'mqtt-ws', plainAddress(request.socket.remoteAddress), peerCertificateOf(request.socket));
    },
    commands,
    counters() {
      return {
        ...counters,
        connections: connections.size,
        halfOpen: connections.halfOpen,
        waitingConnects: pacer.size,
        connecting: pacer.underWay,
        sessions: store.size,
        sessionsPresent: store.size - store.absent,
        sessionsAbsent: store.absent,
        subscriptions: index.size,
        sharedSubscriptions: index.sharedMembers,
        retained: retained.size,
        retainedBytes: retained.bytes,
        wills: wills.size,
        queuedMessages: dispatcher.queuedMessages,
        queuedBytes: dispatcher.queuedBytes,
        inFlight: dispatcher.inFlight,
      };
    },
  };
}

/** An IPv4 address that arrives mapped into IPv6 is shown as the IPv4 address. */
function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null;
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
