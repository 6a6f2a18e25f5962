import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectFleet, type FleetConnectionOptions, member } from '../../../src/lib/simulation/fleet-connection.ts';
import { createTally } from '../../../src/lib/simulation/tally.ts';
import { startDeviceBroker } from '../../helpers/device-broker.ts';

function fleetOf(url: string, secrets: readonly string[]) {
  const tally = createTally();
  const options: FleetConnectionOptions = {
    url,
    identities: secrets.map((secret, index) => ({ deviceId: `gw-${index}`, secret })),
    trust: null,
    protocol: 'mqtt5',
    qos: 1,
    payload: 'json',
    inFlightMax: 4,
    bufferMax: 10,
    connectTimeoutMs: 2_000,
    tally,
    random: () => 0,
    signal: new AbortController().signal,
  };
  return { tally, connecting: connectFleet(options) };
}

describe('the connections of simulated gateways', () => {
  it('report for each gateway and for what stands behind it, and count it', async () => {
    const broker = await startDeviceBroker();
    const { tally, connecting } = fleetOf(broker.url, ['right', 'right']);
    const fleet = await connecting;
    for (const gateway of fleet.gateways) {
      if (gateway === null) throw new Error('not connected');
      for (const device of [gateway.id ?? '', `${gateway.id}-1`]) void member(gateway, device).report({ a: 1, b: 2 }, { time: 5 });
    }
    expect(await fleet.finish(5_000, 5_000)).toEqual({ gone: false });
    expect(broker.received.map(({ topic, payload }) => `${topic} ${payload}`).sort()).toEqual(
      ['gw-0', 'gw-0-1', 'gw-1', 'gw-1-1'].map((device) => `devices/${device}/report {"ts":5,"values":{"a":1,"b":2}}`).sort(),
    );
    expect(tally).toMatchObject({ sent: { messages: 4, samples: 8 }, acknowledged: { messages: 4, samples: 8 }, failed: { messages: 0 }, connected: 0 });
  });

  it('goes on with those that could connect', async () => {
    const broker = await startDeviceBroker();
    const { tally, connecting } = fleetOf(broker.url, ['wrong', 'right']);
    const fleet = await connecting;
    expect(fleet.gateways.map((gateway) => gateway?.id ?? null)).toEqual([null, 'gw-1']);
    expect(tally).toMatchObject({ connected: 1, connectFailures: 1 });
    await fleet.finish(1_000, 1_000);
  });

  it('counts a message that the hub cannot take at the moment as failed: nothing of the load is made good later', async () => {
    const broker = await startDeviceBroker();
    const { tally, connecting } = fleetOf(broker.url, ['right']);
    const fleet = await connecting;
    broker.control.refuse = { code: 0x97, reason: 'rate_limited: more than 10 messages/s' };
    void fleet.gateways[0]?.report({ a: 1 });
    await fleet.finish(5_000, 5_000);
    expect(tally.failed).toEqual({ messages: 1, samples: 1 });
    expect(tally.errors()).toEqual([{ reason: 'more than 10 messages/s', count: 1 }]);
  });

  it('explains with the options of the command what went wrong when none could', async () => {
    const broker = await startDeviceBroker();
    await expect(fleetOf(broker.url, ['wrong']).connecting).rejects.toMatchObject({ code: 'not_logged_in', hint: expect.stringContaining('--mqtt') });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await new Promise((resolve) => server.close(resolve));
    await expect(fleetOf(`mqtt://127.0.0.1:${port}`, ['right']).connecting).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('Nothing listens'),
      hint: expect.stringContaining('--mqtt'),
    });
  });

  it('gives up waiting when no gateway is connected any more', async () => {
    const broker = await startDeviceBroker();
    const { tally, connecting } = fleetOf(broker.url, ['right']);
    const fleet = await connecting;
    broker.control.hold = true;
    broker.control.connack = 0x88;
    void fleet.gateways[0]?.report({ a: 1 });
    broker.cut();
    expect(await fleet.finish(30_000, 100)).toEqual({ gone: true });
    expect(tally.failed).toEqual({ messages: 1, samples: 1 });
  });
});
