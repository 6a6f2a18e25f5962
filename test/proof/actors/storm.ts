import { connect } from 'node:net';
import mqtt from 'mqtt-packet';
import type { Credentials } from '../fleet.ts';
import { pause } from '../waiting.ts';
import { answer } from './answer.ts';

/** Clients that come by the thousand and vanish without a word. */
export interface StormPlan {
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly credentials: Credentials;
}

export interface StormResult {
  readonly begun: number;
  readonly connected: number;
  /** Refused by the system or the hub before they were connected. */
  readonly failed: number;
  readonly welcomed: number;
}

const TICK_MS = 5;
/** One address alone has 28,000 ports. */
const ADDRESSES = Array.from({ length: 20 }, (_, index) => `127.0.1.${index + 1}`);
/** On their way to be connected or welcomed, beyond which the next ones wait. */
const OPEN_MAX = 4_000;

answer<StormPlan>(async ({ port, perSecond, seconds, credentials }) => {
  const seen = { begun: 0, connected: 0, failed: 0, welcomed: 0 };
  let open = 0;
  const startedAt = performance.now();
  const { username, password } = credentials;
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - startedAt) {
    while (seen.begun < (elapsed / 1000) * perSecond && open < OPEN_MAX) begin(seen.begun++);
    await pause(TICK_MS);
  }
  const deadline = performance.now() + 10_000;
  while (open > 0 && performance.now() < deadline) await pause(20);
  return seen;

  function begin(number: number): void {
    const socket = connect({ host: '127.0.0.1', port, localAddress: ADDRESSES[number % ADDRESSES.length] ?? '127.0.0.1' });
    let isConnected = false;
    open += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open -= 1;
      if (!isConnected) seen.failed += 1;
    });
    socket.setTimeout(5_000, () => socket.destroy());
    socket.once('connect', () => {
      isConnected = true;
      seen.connected += 1;
      switch (number % 4) {
        case 0:
          socket.resetAndDestroy();
          return;
        case 1:
          socket.write(Buffer.from([0x10, 0xff, 0xff, 0x7f]), () => socket.resetAndDestroy());
          return;
        case 2:
          socket.write('GET / HTTP/1.1\r\n\r\n', () => socket.resetAndDestroy());
          return;
        default:
          socket.once('data', () => {
            seen.welcomed += 1;
            socket.resetAndDestroy();
          });
          socket.write(
            mqtt.generate({
              cmd: 'connect',
              protocolId: 'MQTT',
              protocolVersion: 4,
              clean: true,
              clientId: `storm-${number}`,
              keepalive: 60,
              username,
              password: Buffer.from(password),
            }),
          );
      }
    });
  }
});
