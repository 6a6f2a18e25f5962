import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { requirePeer, runPeer } from '../../../helpers/peers.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const server = (hub: MqttHub) => ['-h', '127.0.0.1', '-p', String(hub.port)];
const device = ['-u', 'pump', '-P', 'secret-pump'];
const application = ['-u', 'x', '-P', 'mst_a_viewer'];

describe.each(['mqttv311', 'mqttv5'])('mosquitto with %s', (version) => {
  it.for([0, 1, 2])('reports and hears with QoS %i', async (qos, context) => {
    requirePeer('mosquitto_pub', context);
    const hub = await startMqttHub();
    const listener = runPeer('mosquitto_sub', [...server(hub), ...application, '-V', version, '-q', String(qos), '-t', 'devices/+/report', '-v']);
    await waitUntil(() => hub.protocol.counters().sessions === 1, 'the listener is connected');
    // Its subscription follows its connection; only a message tells that it is there.
    await untilHeard(hub, listener.output);
    const sender = runPeer('mosquitto_pub', [...server(hub), ...device, '-V', version, '-q', String(qos), '-t', 'devices/pump/report', '-m', '{"t":2}']);
    expect(await sender.exited).toMatchObject({ code: 0, stderr: '' });
    await waitUntil(() => listener.output().includes('{"t":2}'), 'the report is heard');
    expect(Buffer.from(hub.messages.at(-1)?.payload ?? []).toString()).toBe('{"t":2}');
  });

  it('is told that it may not', async (context) => {
    requirePeer('mosquitto_pub', context);
    const hub = await startMqttHub();
    const wrong = await runPeer('mosquitto_pub', [...server(hub), '-u', 'pump', '-P', 'wrong', '-V', version, '-t', 'devices/pump/report', '-m', '1']).exited;
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toMatch(/not authori[sz]ed|bad user ?name or password/i);
    const foreign = await runPeer('mosquitto_sub', [...server(hub), ...device, '-V', version, '-t', 'devices/gw/set', '-W', '5']).exited;
    expect(foreign.stderr).toMatch(/denied|rejected/i);
    expect(hub.messages).toEqual([]);
  });
});

async function untilHeard(hub: MqttHub, output: () => string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (output() === '') {
    if (Date.now() > deadline) throw new Error('the listener hears nothing');
    const { exited } = runPeer('mosquitto_pub', [...server(hub), ...device, '-t', 'devices/pump/report', '-m', '{"t":1}']);
    await exited;
  }
}

it('a bridge of mosquitto brings messages over in both directions', { timeout: 40_000 }, async (context) => {
  requirePeer('mosquitto', context);
  requirePeer('mosquitto_pub', context);
  const hub = await startMqttHub({ settings: { 'mqtt.open': true } });
  const port = await freePort();
  const file = join(temporaryFolder(), 'bridge.conf');
  // With all that a bridge says of itself by default: its mark in CONNECT, which is refused once, and its will below $SYS.
  await writeFile(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nconnection bridge\naddress 127.0.0.1:${hub.port}\ntopic bridged/# both 2\nrestart_timeout 1 2\n`,
  );
  runPeer('mosquitto', ['-c', file]);
  await waitUntil(() => hub.protocol.counters().sessionsPresent === 1 && hub.protocol.counters().subscriptions === 1, 'the bridge is there', 30_000);
  const there = ['-h', '127.0.0.1', '-p', String(port)];
  const above = runPeer('mosquitto_sub', [...server(hub), '-q', '2', '-t', 'bridged/up', '-C', '1']);
  const below = runPeer('mosquitto_sub', [...there, '-q', '2', '-t', 'bridged/down', '-C', '1']);
  await waitUntil(
    async () => {
      await runPeer('mosquitto_pub', [...there, '-q', '2', '-t', 'bridged/up', '-m', 'up']).exited;
      await runPeer('mosquitto_pub', [...server(hub), '-q', '2', '-t', 'bridged/down', '-m', 'down']).exited;
      return above.output() === 'up\n' && below.output() === 'down\n';
    },
    'both have arrived',
    10_000,
  );
  expect([above.output(), below.output()]).toEqual(['up\n', 'down\n']);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
