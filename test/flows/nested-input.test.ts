import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { claimingHub } from '../helpers/claiming.ts';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const LEVELS = [101, 3_000, 7_000];

describe('values that are nested without an end', () => {
  it('are refused over HTTP before anything is made of them, and what is there stays readable', async () => {
    const { hub, api, claim } = await claimingHub();
    const points = [{ path: 'mode', kind: 'setpoint', valueType: 'json' }];
    expect((await api('POST', '/types', { id: 'meter', mode: 'open', points })).status).toBe(201);
    const { body } = await api('POST', '/devices', { id: 'm1', type: 'meter', credential: 'token' });
    const secret = body.credential.secret as string;
    const claimToken = await claim('batch');
    const send = async (method: string, path: string, text: string, token = hub.token) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const response = await fetch(`${hub.url}/api/v1${path}`, { method, headers, body: text });
      return [response.status, ((await response.json()) as { readonly code: string }).code];
    };
    for (const levels of LEVELS) {
      const deep = nested(levels);
      for (const [method, path, text, token] of [
        ['POST', '/devices/m1/call', `{"name":"x","args":${deep}}`],
        ['POST', '/devices/m1/set', `{"values":{"mode":${deep}}}`],
        ['PUT', '/devices/m1/config', `{"document":{"a":${deep}}}`],
        ['PUT', '/devices/m1/config/reported', `{"config":{"a":${deep}}}`, secret],
        ['POST', '/jobs', `{"selector":"","start":false,"call":{"name":"x","args":${deep}}}`],
        ['POST', '/types', `{"id":"t","configSchema":{"a":${deep}}}`],
        ['POST', '/groups', `{"path":"a","attributes":{"a":${deep}}}`],
        ['POST', '/devices/batch', `{"mode":"create","devices":[${deep}]}`],
        ['POST', '/provisioning-rules/test', `{"request":{"id":"z","attributes":{"a":${deep}}},"protocol":"http"}`],
        ['POST', '/claim', `{"id":"z","attributes":{"a":${deep}}}`, claimToken],
      ] as const)
        expect([path, levels, ...(await send(method, path, text, token))]).toEqual([path, levels, 400, 'invalid']);
    }
    expect((await send('PUT', '/devices/m1/config', `{"document":{"a":${nested(90)},"b":"${'['.repeat(500)}\\"${'{'.repeat(500)}"}}`))[0]).toBe(200);
    expect((await api('GET', '/devices/m1/config')).status).toBe(200);
    expect((await api('GET', '/commands')).status).toBe(200);
  });

  it('are refused over MQTT, and the connection stays', async () => {
    const { hub, api, claim } = await claimingHub();
    const { body } = await api('POST', '/devices', { id: 'm1', credential: 'token' });
    const device = await mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'm1', password: body.credential.secret, reconnectPeriod: 0, protocolVersion: 5 });
    onTestFinished(() => void device.end(true));
    for (const levels of LEVELS) {
      const deep = nested(levels);
      for (const [topic, text] of [
        ['call/result', `{"id":"x","state":"applied","result":${deep}}`],
        ['config/result', `{"version":1,"config":{"a":${deep}}}`],
        ['config/result', deep],
        ['birth', `{"health":${deep}}`],
        ['time', `{"id":${deep}}`],
        ['renew', `{"id":${deep}}`],
        ['report', `{"ts":1795403292058,"values":{"a":${deep}}}`],
        ['alarm', deep],
      ] as const) {
        const answer = await device.publishAsync(`devices/m1/${topic}`, text, { qos: 1 }).then(
          () => 'taken',
          ({ code }: { readonly code: number }) => (code === 0x99 ? 'taken' : `refused with ${code}`),
        );
        expect([topic, levels, answer]).toEqual([topic, levels, 'taken']);
      }
    }
    expect(device.connected).toBe(true);
    expect((await api('GET', '/devices/m1/config')).body.reported).toBeNull();

    const token = await claim('batch');
    const asking = await mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'claim', password: token, reconnectPeriod: 0, protocolVersion: 5 });
    onTestFinished(() => void asking.end(true));
    await asking.subscribeAsync('claim/response', { qos: 1 });
    const answered = new Promise<string>((done) => asking.once('message', (_, payload) => done(payload.toString())));
    await asking.publishAsync('claim/request', `{"id":"z","attributes":{"a":${nested(3_000)}}}`, { qos: 1 }).catch(() => undefined);
    expect(JSON.parse(await answered)).toMatchObject({ ok: false, code: 'invalid' });
    expect((await apiOf(hub.url, hub.token)('GET', '/devices/z')).status).toBe(404);
  });
});
