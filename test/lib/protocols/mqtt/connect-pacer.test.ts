import { EventEmitter } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConnectPacer, type Finished } from '../../../../src/lib/protocols/mqtt/connect-pacer.ts';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { connectPacket, openRawMqtt, signedIn } from '../../../helpers/raw-mqtt.ts';
import { selfSigned } from '../../../helpers/self-signed.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const STEP_MS = 20;

/** A pacer on a clock of the test, and what it lets in. */
function storm({ perSecond = 1_000, idleShare = 0, waitingMax = 100_000 } = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let now = 1_000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => {
    clock.mockRestore();
    vi.useRealTimers();
  });
  const process = { idleShare };
  const pacer = new ConnectPacer({ perSecond, waitingMax, onDropped: () => undefined, idleShare: () => process.idleShare });
  onTestFinished(() => pacer.stop());
  const underWay: Finished[] = [];
  let letIn = 0;
  return {
    pacer,
    process,
    underWay,
    letIn: () => letIn,
    come(count: number, remoteAddress = 'site'): readonly Socket[] {
      return Array.from({ length: count }, () => {
        const socket = Object.assign(new EventEmitter(), { remoteAddress, resume() {}, pause() {}, destroy() {} }) as unknown as Socket;
        pacer.pace(socket, (finished) => {
          letIn++;
          underWay.push(finished);
        });
        return socket;
      });
    },
    /** The timer of the pacer, which comes so late. */
    steps(count: number, lateMs = 0) {
      for (let at = 0; at < count; at++) {
        now += STEP_MS + lateMs;
        vi.advanceTimersByTime(STEP_MS);
      }
    },
  };
}

describe('log-ins under way', () => {
  it('are so many at a time: the next begins when one is over', () => {
    const { pacer, come, steps, letIn, underWay } = storm();
    come(1_000);
    steps(50);
    expect({ letIn: letIn(), underWay: pacer.underWay, waiting: pacer.size }).toEqual({ letIn: 250, underWay: 250, waiting: 750 });
    for (const finished of underWay.splice(0, 10)) {
      finished();
      // Both the answer and the end of the connection say so.
      finished();
    }
    steps(1);
    expect({ letIn: letIn(), underWay: pacer.underWay }).toEqual({ letIn: 260, underWay: 250 });
  });

  it('wait no more than are allowed, also where many have come from one address and gone', () => {
    const { pacer, come } = storm({ waitingMax: 10 });
    come(250);
    for (let at = 0; at < 100; at++) for (const socket of come(1, 'fickle')) socket.emit('close');
    come(20, 'faithful');
    expect(pacer.size).toBe(10);
  });

  it('are fewer when the hub comes late with everything, and never so few that it has nothing to do', () => {
    const { pacer, come, steps, underWay } = storm();
    const most: number[] = [];
    come(10_000);
    for (let at = 0; at < 20; at++) {
      for (const finished of underWay.splice(0)) finished();
      steps(1, 100);
      most.push(pacer.underWay);
    }
    expect(most[0]).toBeLessThanOrEqual(250);
    expect(most.at(-1)).toBe(32);
    expect(most.every((count, at) => at === 0 || count <= (most[at - 1] ?? 0))).toBe(true);
  });

  it('are more while the hub has time left: slow networks keep log-ins waiting that cost it nothing', () => {
    const { pacer, process, come, steps, underWay } = storm();
    come(10_000);
    for (let at = 0; at < 20; at++) {
      for (const finished of underWay.splice(0)) finished();
      steps(1, 100);
    }
    expect(pacer.underWay).toBe(32);
    process.idleShare = 0.5;
    steps(40);
    expect(pacer.underWay).toBeGreaterThan(300);
  });

  it('lose their place when they take too long, so that clients that say nothing keep nobody out', () => {
    const { pacer, come, steps, letIn } = storm();
    come(1_000);
    steps(99);
    expect(letIn()).toBe(250);
    steps(5);
    expect(letIn()).toBeGreaterThan(250);
    expect(pacer.underWay).toBeLessThanOrEqual(250);
  });

  it('are let in no faster than so many per second, however idle the hub is', () => {
    const { come, steps, letIn, underWay } = storm({ perSecond: 100, idleShare: 1 });
    come(1_000);
    for (let at = 0; at < 100; at++) {
      for (const finished of underWay.splice(0)) finished();
      steps(1);
    }
    // The burst, and two seconds.
    expect(letIn()).toBeGreaterThanOrEqual(299);
    expect(letIn()).toBeLessThanOrEqual(301);
  });
});

describe('a log-in is over', () => {
  it('when it is answered, refused, or its connection has gone', async () => {
    const hub = await startMqttHub();
    const connecting = () => hub.protocol.counters().connecting;
    await signedIn(hub.port, 'pump');
    expect(connecting()).toBe(0);
    const stranger = await openRawMqtt(hub.port);
    await waitUntil(() => connecting() === 1, 'it is under way');
    stranger.send(connectPacket('stranger'));
    await stranger.packet('connack');
    expect(connecting()).toBe(0);
    const silent = await openRawMqtt(hub.port);
    await waitUntil(() => connecting() === 1, 'another is under way');
    silent.socket.destroy();
    // Sooner than its place is lost.
    await waitUntil(() => connecting() === 0, 'it has gone', 1_500);
  });

  it('over TLS too, also when there is no handshake', async () => {
    const { cert, key } = selfSigned();
    const hub = await startMqttHub({ settings: { 'mqtt.port': null, 'mqtts.port': 0 }, ports: { tls: { cert, key } } });
    const connecting = () => hub.protocol.counters().connecting;
    const plain = createConnection({ port: hub.port, host: '127.0.0.1' });
    onTestFinished(() => void plain.destroy());
    plain.on('error', () => undefined);
    await waitUntil(() => connecting() === 1, 'a handshake is awaited');
    plain.write('this is no ClientHello');
    await waitUntil(() => connecting() === 0, 'it is over', 1_500);
    const secured = connectTls({ port: hub.port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
    onTestFinished(() => void secured.destroy());
    await new Promise((resolve) => secured.once('secureConnect', resolve));
    await waitUntil(() => hub.protocol.counters().halfOpen === 1, 'the hub waits for CONNECT');
    expect(connecting()).toBe(1);
    secured.destroy();
    await waitUntil(() => connecting() === 0, 'it has gone', 1_500);
    const device = await connectAsync(hub.url, { username: 'pump', password: 'secret-pump', ca: cert, reconnectPeriod: 0 });
    onTestFinished(() => device.endAsync(true));
    expect(connecting()).toBe(0);
    expect(hub.protocol.counters().connections).toBe(1);
  });
});
