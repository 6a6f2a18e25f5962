import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Rejected } from '../../../src/lib/device/device-error.ts';
import { Gateway } from '../../../src/lib/device/gateway.ts';
import { startDeviceBroker } from '../../helpers/device-broker.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

async function aGateway() {
  const broker = await startDeviceBroker();
  const gateway = new Gateway({ url: broker.url, id: 'gw', credential: { token: 't' }, timeSync: false, reconnect: { firstMs: 20, longestMs: 50 } });
  onTestFinished(() => gateway.close({ drainMs: 0 }));
  const results = async (topic: string, count: number) => {
    await waitUntil(() => broker.on(topic).length >= count, `${count} messages on ${topic}`);
    return broker.on(topic);
  };
  return { broker, gateway, results };
}

describe('what a device is asked', () => {
  it('is heard only for what there is a handler', async () => {
    const { broker, gateway } = await aGateway();
    gateway.onSet(() => undefined);
    await gateway.connect();
    expect(broker.filters).toEqual(['devices/gw/set']);
    gateway.onCall('restart', () => undefined);
    gateway.onConfig(() => undefined);
    await waitUntil(() => broker.filters.includes('devices/gw/config'), 'it listens for configurations');
    expect(broker.filters).toContain('devices/gw/call');
  });

  it('is applied when the handler returns, and rejected with the reason that it throws', async () => {
    const { broker, gateway, results } = await aGateway();
    const taken = vi.fn();
    gateway.onSet((values) => {
      if ((values['target'] as number) > 90) throw new Rejected('too hot');
      taken(values);
    });
    await gateway.connect();
    broker.publish('devices/gw/set', { id: 'a', ts: 1, values: { target: 70 } });
    broker.publish('devices/gw/set', { id: 'b', ts: 2, values: { target: 95 } });
    expect(await results('devices/gw/set/result', 2)).toEqual([
      { id: 'a', state: 'applied' },
      { id: 'b', state: 'rejected', reason: 'too hot' },
    ]);
    expect(taken.mock.calls).toEqual([[{ target: 70 }]]);
    expect(broker.acknowledged).toHaveLength(2);
  });

  it('gives the caller what the handler of a call returns; a call that nobody knows is rejected', async () => {
    const { broker, gateway, results } = await aGateway();
    gateway.onCall('add', (args) => {
      const { a, b } = args as { a: number; b: number };
      return { sum: a + b };
    });
    await gateway.connect();
    broker.publish('devices/gw/call', { id: 'a', ts: 1, name: 'add', args: { a: 2, b: 3 } });
    broker.publish('devices/gw/call', { id: 'b', ts: 1, name: 'fly' });
    expect(await results('devices/gw/call/result', 2)).toEqual([
      { id: 'a', state: 'applied', result: { sum: 5 } },
      { id: 'b', state: 'rejected', reason: 'the device knows no call fly' },
    ]);
  });

  it('tells of a handler that fails, here and there', async () => {
    const { broker, gateway, results } = await aGateway();
    const failed = vi.fn();
    gateway.on('handlerFailed', failed);
    gateway.onCall(null, () => {
      throw new Error('valve is stuck');
    });
    await gateway.connect();
    broker.publish('devices/gw/call', { id: 'a', name: 'open' });
    expect(await results('devices/gw/call/result', 1)).toEqual([{ id: 'a', state: 'rejected', reason: 'the device failed: valve is stuck' }]);
    expect(failed).toHaveBeenCalledWith({
      command: expect.objectContaining({ kind: 'call', name: 'open' }),
      error: expect.objectContaining({ message: 'valve is stuck' }),
    });
  });

  it('is done once, however often it is sent; the answer is given again', async () => {
    const { broker, gateway, results } = await aGateway();
    let opened = 0;
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    gateway.onCall('open', async () => {
      opened += 1;
      await gate;
      return opened;
    });
    await gateway.connect();
    for (let time = 0; time < 3; time += 1) broker.publish('devices/gw/call', { id: 'a', name: 'open' });
    await waitUntil(() => broker.acknowledged.length === 3, 'all arrived');
    open();
    expect(await results('devices/gw/call/result', 1)).toEqual([{ id: 'a', state: 'applied', result: 1 }]);
    broker.publish('devices/gw/call', { id: 'a', name: 'open' });
    expect(await results('devices/gw/call/result', 2)).toEqual([
      { id: 'a', state: 'applied', result: 1 },
      { id: 'a', state: 'applied', result: 1 },
    ]);
    expect(opened).toBe(1);
  });

  it('sets and configures in the order of asking, while a long call goes on', async () => {
    const { broker, gateway, results } = await aGateway();
    const order: string[] = [];
    gateway.onSet(async ({ step }) => {
      await new Promise(setImmediate);
      order.push(`set ${step as number}`);
    });
    gateway.onConfig((document, { version }) => {
      order.push(`config ${version} ${JSON.stringify(document)}`);
    });
    gateway.onCall('update', () => new Promise<void>(() => undefined));
    await gateway.connect();
    broker.publish('devices/gw/call', { id: 'long', name: 'update' });
    broker.publish('devices/gw/set', { id: '1', values: { step: 1 } });
    broker.publish('devices/gw/config', { id: '2', version: 7, config: { on: true } });
    broker.publish('devices/gw/set', { id: '3', values: { step: 2 } });
    await results('devices/gw/set/result', 2);
    expect(order).toEqual(['set 1', 'config 7 {"on":true}', 'set 2']);
    expect(await results('devices/gw/config/result', 1)).toEqual([{ id: '2', version: 7, state: 'applied' }]);
  });

  it('is not done after its time, nor without what it needs, and without an id not heard at all', async () => {
    const { broker, gateway, results } = await aGateway();
    const taken = vi.fn();
    gateway.onSet(taken);
    await gateway.connect();
    broker.publish('devices/gw/set', { values: { a: 1 } });
    broker.publish('devices/gw/set', { id: 'late', values: { a: 1 }, expiresAt: Date.now() - 1_000 });
    broker.publish('devices/gw/set', { id: 'empty' });
    expect(await results('devices/gw/set/result', 2)).toEqual([
      { id: 'late', state: 'rejected', reason: 'it came after its time' },
      { id: 'empty', state: 'rejected', reason: 'it has no values' },
    ]);
    expect(taken).not.toHaveBeenCalled();
  });

  it('is answered after a lost connection, too', async () => {
    const { broker, gateway, results } = await aGateway();
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    gateway.onCall('slow', () => gate);
    await gateway.connect();
    broker.publish('devices/gw/call', { id: 'a', name: 'slow' });
    await waitUntil(() => broker.acknowledged.length === 1, 'it arrived');
    const lost = once(gateway, 'disconnected');
    broker.cut();
    await lost;
    finish();
    expect(await results('devices/gw/call/result', 1)).toEqual([{ id: 'a', state: 'applied' }]);
  });
});

describe('a device behind a gateway', () => {
  it('reports and is asked on its own topics, over the connection of the gateway', async () => {
    const { broker, gateway, results } = await aGateway();
    const child = gateway.child('sensor-1');
    expect(gateway.child('sensor-1')).toBe(child);
    child.onSet(() => undefined);
    await gateway.connect();
    await child.born({ model: 'S1' });
    await child.report({ temperature: 20 }, { time: 5, quality: 'uncertain' });
    await child.alarm({ rule: 'hot', level: 'minor', ts: 6 });
    await child.died('no answer on the bus');
    broker.publish('devices/sensor-1/set', { id: 'x', values: { limit: 3 } });
    expect(await results('devices/sensor-1/set/result', 1)).toEqual([{ id: 'x', state: 'applied' }]);
    expect(broker.received.slice(0, 4)).toMatchObject([
      { topic: 'devices/sensor-1/birth' },
      { topic: 'devices/sensor-1/report', payload: '{"ts":5,"values":{"temperature":20},"quality":"uncertain"}' },
      { topic: 'devices/sensor-1/alarm', payload: '{"ts":6,"rule":"hot","level":"minor"}' },
      { topic: 'devices/sensor-1/death', payload: '{"reason":"no answer on the bus"}' },
    ]);
    expect(broker.connects).toHaveLength(1);
  });
});
