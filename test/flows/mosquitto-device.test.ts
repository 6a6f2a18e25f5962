import { expect, test } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { startHub } from '../helpers/hub.ts';
import { requirePeer, runPeer } from '../helpers/peers.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const REJECTED = 1;
const TIMED_OUT = 6;

test('a set to a device that is away, comes back and rejects it ends with 1 and its reason; one that it applies with 0; one that it never answers with 6', {
  timeout: 180_000,
}, async (context) => {
  requirePeer('mosquitto_sub', context);
  requirePeer('mosquitto_pub', context);
  const hub = await startHub();
  const api = apiOf(hub.url, hub.token);
  await api('POST', '/types', { id: 'boiler', points: [{ path: 'target', kind: 'setpoint', valueType: 'number' }] });
  const { body } = await api('POST', '/devices', { id: 'b1', type: 'boiler', credential: 'token' });
  const common = ['-h', '127.0.0.1', '-p', new URL(hub.mqttUrl).port, '-u', 'b1', '-P', body.credential.secret, '-i', 'b1', '-q', '1'];
  const set = (value: number, ...more: string[]) =>
    runMuster(['set', 'b1', 'target', String(value), '--wait', '--for', '60s', '--json', ...more], { env: hub.env, timeoutMs: 90_000 });
  const queued = () => waitUntil(async () => (await api('GET', '/commands?device=b1&state=queued')).body.items.length === 1, 'it waits', 20_000);
  const comesBack = async (): Promise<{ id: string; values: { target: number } }> => {
    const { code, stdout } = await runPeer('mosquitto_sub', [...common, '-t', 'devices/b1/set', '-C', '1', '-W', '20']).exited;
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };
  const says = (answer: object) => runPeer('mosquitto_pub', [...common, '-t', 'devices/b1/set/result', '-m', JSON.stringify(answer)]).exited;

  // Away: nobody is asked, and who cannot wait is told so.
  const gone = await runMuster(['set', 'b1', 'target', '1', '--expires', '1s', '--wait', '--for', '20s', '--json'], { env: hub.env, timeoutMs: 60_000 });
  expect(gone).toMatchObject({ code: TIMED_OUT });
  expect(JSON.parse(gone.stdout)).toMatchObject({ state: 'expired' });

  const refused = set(99);
  await queued();
  const first = await comesBack();
  expect(first.values).toEqual({ target: 99 });
  expect(await says({ id: first.id, state: 'rejected', reason: 'above 80 degrees' })).toMatchObject({ code: 0 });
  const one = await refused;
  expect(one).toMatchObject({ code: REJECTED, stderr: expect.stringContaining('above 80 degrees') });
  expect(JSON.parse(one.stdout)).toMatchObject({ id: first.id, state: 'rejected', reason: 'above 80 degrees' });

  const taken = set(60);
  await queued();
  const second = await comesBack();
  expect(await says({ id: second.id, state: 'applied' })).toMatchObject({ code: 0 });
  expect(await taken).toMatchObject({ code: 0 });
  // It says no again to what it rejected, and yes to it: both change nothing.
  expect(await says({ id: first.id, state: 'applied' })).toMatchObject({ code: 0 });
  expect((await api('GET', `/commands/${first.id}`)).body).toMatchObject({ state: 'rejected', reason: 'above 80 degrees' });
  expect((await api('GET', '/devices/b1/points/target')).body.wanted).toMatchObject({ value: 60, state: 'applied' });
});
