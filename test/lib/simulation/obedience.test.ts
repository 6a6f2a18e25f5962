import { expect, it, onTestFinished } from 'vitest';
import { Gateway } from '../../../src/lib/device/gateway.ts';
import { letObey } from '../../../src/lib/simulation/obedience.ts';
import { startDeviceBroker } from '../../helpers/device-broker.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

it('lets simulated devices do what they are asked, report what they were set to, and reject their share', async () => {
  const broker = await startDeviceBroker();
  const gateway = new Gateway({ url: broker.url, id: 'gw', credential: { token: 't' }, timeSync: false });
  onTestFinished(() => gateway.close({ drainMs: 0 }));
  let chance = 0.9;
  const { counts } = letObey({ gateways: [gateway, null], childrenOf: new Map([['gw', ['gw-1']]]), rejectShare: 0.5, random: () => chance });
  await gateway.connect();
  broker.publish('devices/gw/set', { id: 'a', values: { target: 4 } });
  broker.publish('devices/gw-1/call', { id: 'b', name: 'echo', args: { x: 1 } });
  await waitUntil(() => counts().applied === 2, 'both are done');
  chance = 0.1;
  broker.publish('devices/gw-1/config', { id: 'c', version: 1, config: {} });
  await waitUntil(() => broker.on('devices/gw-1/config/result').length === 1, 'the configuration is answered');
  expect(broker.on('devices/gw/set/result')).toEqual([{ id: 'a', state: 'applied' }]);
  expect(broker.on('devices/gw/report')).toMatchObject([{ values: { target: 4 } }]);
  expect(broker.on('devices/gw-1/call/result')).toEqual([{ id: 'b', state: 'applied', result: { x: 1 } }]);
  expect(broker.on('devices/gw-1/config/result')).toEqual([{ id: 'c', version: 1, state: 'rejected', reason: 'rejected by the simulation' }]);
  expect(counts()).toEqual({ applied: 2, rejected: 1 });
});
