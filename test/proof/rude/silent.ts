import mqtt from 'mqtt-packet';
import { createDevice } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { comesTrue } from '../waiting.ts';
import { openMany, openRaw, type RawSocket } from './raw-socket.ts';
import { UPGRADE, webSocketFrame } from './web-socket-frames.ts';

/** Slack for timers of a busy hub. */
const SLACK_MS = 5_000;
const HTTP_CUT_MS = 150_000;

/** Peers that connect and say nothing, or stop in the middle of a sentence: cut when their time is over. */
export async function silentPeers({ scope, findings }: ProofRun, hub: HubProcess, connectTimeoutMs: number, withHttp: boolean): Promise<void> {
  const http = Number(new URL(hub.url).port);
  const credentials = await createDevice(hub, 'falls-silent');
  const whole = (keepalive: number) =>
    mqtt.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: `silent-${keepalive}`,
      keepalive,
      username: credentials.username,
      password: Buffer.from(credentials.password),
    });
  const nothing = await openMany(scope, hub.mqttPort, 300);
  const half = await openMany(scope, hub.mqttPort, 50);
  for (const { socket } of half) socket.write(whole(0).subarray(0, 9));
  const web = await openMany(scope, http, 50);
  for (const { socket } of web) socket.write(UPGRADE);
  await expectCut('an MQTT connection that says nothing', nothing, connectTimeoutMs);
  await expectCut('an MQTT connection that stops in its CONNECT', half, connectTimeoutMs);
  await expectCut('a WebSocket that says nothing', web, connectTimeoutMs);

  // [MQTT-3.1.2-24]: one and a half times the keep-alive.
  const alive = await openRaw(scope, hub.mqttPort);
  if (alive === null) throw new Error('no connection');
  alive.socket.write(whole(1));
  const fragment = await openRaw(scope, http);
  fragment?.socket.write(UPGRADE);
  if (fragment) {
    await comesTrue(() => fragment.received().includes('\r\n\r\n'), 5_000);
    // The same in pieces of a message that never ends.
    fragment.socket.write(webSocketFrame(whole(1).subarray(0, 5), { final: false }));
    await expectCut('a WebSocket that stops in its message', [fragment], connectTimeoutMs);
  }
  await expectCut('a client that falls silent beyond its keep-alive', [alive], 1_500);

  if (!withHttp) return;
  const idle = await openMany(scope, http, 50);
  const headers = await openMany(scope, http, 50);
  for (const { socket } of headers) socket.write('POST /api/v1/devices/falls-silent/report HTTP/1.1\r\nhost: hub\r\nx: ');
  const body = await openMany(scope, http, 50);
  const start = `POST /api/v1/devices/falls-silent/report HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer ${credentials.password}\r\ncontent-type: application/json\r\n`;
  for (const { socket } of body) socket.write(`${start}content-length: 10000\r\n\r\n{"a":`);
  await expectCut('an HTTP connection that stops in its headers', headers, HTTP_CUT_MS);
  await expectCut('an HTTP connection that stops in its body', body, HTTP_CUT_MS);
  await expectCut('an HTTP connection that says nothing', idle, HTTP_CUT_MS);

  async function expectCut(who: string, sockets: readonly RawSocket[], withinMs: number): Promise<void> {
    const ended = () => sockets.filter((one) => one.isEnded()).length;
    if (sockets.length === 0) findings.add(`${who} was not let in at all`);
    if (!(await comesTrue(() => ended() === sockets.length, withinMs + SLACK_MS)))
      findings.add(`${who} is not cut within ${withinMs} ms`, `${ended()} of ${sockets.length} were`);
    for (const one of sockets) one.destroy();
  }
}
