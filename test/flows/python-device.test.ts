import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub } from '../helpers/hub.ts';
import { requirePython, runPeer } from '../helpers/peers.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/extend/examples/device.py', import.meta.url));
const POINTS = [
  { path: 'boiler/target', kind: 'setpoint', valueType: 'number', min: 0, max: 200 },
  { path: 'boiler/temperature', kind: 'measure', valueType: 'number' },
];

it('a device in Python, with an MQTT library alone, does all of the wire protocol', { timeout: 60_000 }, async (context) => {
  const python = requirePython('paho.mqtt.client', context);
  const hub = await startHub();
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/types', { id: 'boiler', mode: 'strict', points: POINTS });
  const { credential } = (await api('POST', '/devices', { id: 'boiler-7', type: 'boiler', credential: 'token' })).body;
  const { hostname, port } = new URL(hub.mqttUrl);
  const parameters = [EXAMPLE, '--host', hostname, '--port', port, '--id', 'boiler-7', '--interval', '0.1'];
  const asked = (await api('POST', '/devices/boiler-7/call', { name: 'add', args: [1, 2] })).body;
  const device = runPeer(python, parameters, { ...process.env, MUSTER_DEVICE_TOKEN: credential.secret });
  const settled = async (id: string) => (await api('GET', `/commands/${id}?wait=10000`)).body;
  const set = async (target: number) => settled((await api('POST', '/devices/boiler-7/set', { values: { 'boiler/target': target } })).body.id);
  const newest = async (path: string) => (await api('GET', `/devices/boiler-7/points/${encodeURIComponent(path)}`)).body.latest?.value;

  await waitUntil(async () => typeof (await newest('boiler/temperature')) === 'number', 'it reports', 15_000);
  // Asked before it was there.
  expect(await settled(asked.id)).toMatchObject({ state: 'applied', result: 3 });
  expect(await set(70)).toMatchObject({ state: 'applied' });
  await waitUntil(async () => (await newest('boiler/target')) === 70, 'it reports what was set');
  expect(await set(95)).toMatchObject({ state: 'rejected', reason: 'hotter than 90 degrees is not safe' });
  const { body: call } = await api('POST', '/devices/boiler-7/call', { name: 'fly' });
  expect(await settled(call.id)).toMatchObject({ state: 'rejected', reason: 'the device knows no call fly' });
  const rejects = (await api('GET', '/devices/boiler-7/rejects')).body.items ?? [];
  expect(rejects).toEqual([]);
  device.kill();
  expect((await device.exited).stderr).toBe('');
});
