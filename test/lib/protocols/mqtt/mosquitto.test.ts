import { describe, expect, it } from 'vitest';
import { type MqttHub, startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { requirePeer, runPeer } from '../../../helpers/peers.ts';
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
