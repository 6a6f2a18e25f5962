import mqtt from 'mqtt-packet';
import { createDevice, samplesOf } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { comesTrue, pause } from '../waiting.ts';
import { openRaw } from './raw-socket.ts';
import { UPGRADE, webSocketFrame } from './web-socket-frames.ts';

const BYTE_MS = 3;
const PUBACK = Buffer.from([0x40, 2, 0, 7]);

/** One byte at a time: slow is not wrong, and is served; slower than the time for CONNECT is cut. */
export async function slowWriters({ scope, findings }: ProofRun, hub: HubProcess, connectTimeoutMs: number): Promise<void> {
  const { username, password } = await createDevice(hub, 'slow');
  const connect = (clientId: string) =>
    mqtt.generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId, keepalive: 0, username, password: Buffer.from(password) });
  const publish = (point: string) =>
    mqtt.generate({ cmd: 'publish', topic: 'devices/slow/report', payload: `{"${point}":1}`, qos: 1, retain: false, dup: false, messageId: 7 });
  const http = Number(new URL(hub.url).port);
  const body = '{"http":1}';
  const head = `POST /api/v1/devices/slow/report HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer ${password}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const plain = (bytes: Uint8Array) => Buffer.from(bytes);

  await Promise.all([
    trickle('MQTT', hub.mqttPort, [Buffer.concat([connect('mqtt'), publish('mqtt')])], plain, PUBACK),
    trickle('HTTP', http, [Buffer.from(head + body)], plain, Buffer.from(' 202 ')),
    // Each byte of a packet in a frame of its own, and each byte of a frame in a write of its own.
    trickle(
      'WebSocket, in frames',
      http,
      [Buffer.from(UPGRADE), Buffer.concat([connect('frames'), publish('frames')])],
      (bytes) => webSocketFrame(bytes),
      PUBACK,
    ),
    trickle('WebSocket', http, [Buffer.from(UPGRADE), webSocketFrame(Buffer.concat([connect('socket'), publish('socket')]))], plain, PUBACK),
    tooSlow(),
  ]);
  const points = new Set((await samplesOf(hub, 'slow')).map(({ point }) => point));
  for (const point of ['mqtt', 'http', 'frames', 'socket']) if (!points.has(point)) findings.add('a report that came byte by byte is not stored', point);

  /** The first part before an answer comes whole, the last one byte by byte. */
  async function trickle(what: string, port: number, parts: readonly Buffer[], wrap: (bytes: Uint8Array) => Buffer, answer: Buffer): Promise<void> {
    const raw = await openRaw(scope, port);
    if (raw === null) throw new Error(`no connection for ${what}`);
    for (const [index, part] of parts.entries()) {
      if (index < parts.length - 1) {
        raw.socket.write(part);
        await comesTrue(() => raw.received().includes('\r\n\r\n'), 5_000);
        continue;
      }
      for (const byte of part) {
        raw.socket.write(wrap(Uint8Array.of(byte)));
        await pause(BYTE_MS);
      }
    }
    if (!(await comesTrue(() => raw.received().includes(answer), 10_000)))
      findings.add('a sender of single bytes got no answer', `${what}: ${raw.received().toString('latin1').slice(0, 200)}`);
    raw.destroy();
  }

  async function tooSlow(): Promise<void> {
    const raw = await openRaw(scope, hub.mqttPort);
    if (raw === null) throw new Error('no connection');
    const startedAt = performance.now();
    const bytes = connect('too-slow');
    for (const byte of bytes) {
      if (raw.isEnded()) break;
      raw.socket.write(Uint8Array.of(byte));
      await pause((connectTimeoutMs * 3) / bytes.length);
    }
    const elapsed = performance.now() - startedAt;
    if (!raw.isEnded()) findings.add('a CONNECT may take longer than its time', `${Math.round(elapsed)} of ${connectTimeoutMs} ms`);
    raw.destroy();
  }
}
