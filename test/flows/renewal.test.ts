import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { claimingHub } from '../helpers/claiming.ts';
import { testClock } from '../helpers/test-clock.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const DAY_MS = 86_400_000;

describe('the token of a device', () => {
  it('is valid for as long as the settings or its maker say', async () => {
    const clock = testClock(Date.now());
    const { api, isLetIn } = await claimingHub({ 'access.device-token-days': 30 }, { clock });
    const { credential } = (await api('POST', '/devices', { id: 'a', credential: 'token' })).body;
    expect(credential.expiresAt).toBe(clock() + 30 * DAY_MS);
    const make = async (more: object) => (await api('POST', '/devices/a/credentials', more)).body;
    const short = await make({ validSeconds: 60 });
    const endless = await make({ validSeconds: null });
    expect(endless.expiresAt).toBeNull();
    expect((await make({ kind: 'password' })).expiresAt).toBeNull();
    clock.advance(61_000);
    expect([await isLetIn(short.secret), await isLetIn(credential.secret), await isLetIn(endless.secret)]).toEqual([false, true, true]);
    clock.advance(31 * DAY_MS);
    expect([await isLetIn(credential.secret), await isLetIn(endless.secret)]).toEqual([false, true]);
  });

  it('is renewed over HTTP by the device itself: the old one holds until the new one was used', async () => {
    const { hub, api, isLetIn, events } = await claimingHub({ 'access.device-token-days': 30 });
    const old = (await api('POST', '/devices', { id: 'a', credential: 'token' })).body.credential.secret;
    const asOld = apiOf(hub.url, old);
    const first = await asOld('POST', '/devices/a/renew');
    expect(first).toMatchObject({ status: 201, body: { token: expect.stringMatching(/^msd_/), expiresAt: expect.any(Number) } });
    // The answer was lost: it asks again, and the one that nobody got is gone.
    const second = (await asOld('POST', '/devices/a/renew')).body;
    expect([await isLetIn(old), await isLetIn(first.body.token)]).toEqual([true, false]);
    expect((await api('GET', '/devices/a/credentials')).body.items).toHaveLength(2);
    expect(await isLetIn(second.token)).toBe(true);
    await waitUntil(async () => !(await isLetIn(old)), 'the old one is gone');
    expect((await api('GET', '/devices/a/credentials')).body.items).toMatchObject([{ id: second.credential }]);
    await waitUntil(async () => (await events('credential.renewed')).length === 2, 'the events');
  });

  it.each([4, 5] as const)('is renewed over MQTT %i; the answer comes to the connection that asked alone', async (protocolVersion) => {
    const { hub, api } = await claimingHub();
    const old = (await api('POST', '/devices', { id: 'a', credential: 'token', kind: 'gateway' })).body.credential.secret;
    const app = (await api('POST', '/tokens', { name: 'app', role: 'operator' })).body.token;
    const connect = async (username: string, password: string, more: object = {}) => {
      const client = await mqtt.connectAsync(hub.mqttUrl ?? '', { username, password, protocolVersion, reconnectPeriod: 0, ...more });
      onTestFinished(() => void client.end(true));
      return client;
    };
    const heard: string[] = [];
    const listener = await connect('app', app);
    listener.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await listener.subscribeAsync('devices/#', { qos: 1 });
    const other = await connect('a', old, { clientId: 'other' });
    other.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await other.subscribeAsync('devices/a/renew/result', { qos: 1 });
    // A session that is kept: nothing of the answer may stay in it.
    const device = await connect('a', old, { clientId: 'kept', clean: false });
    await device.subscribeAsync('devices/a/renew/result', { qos: 1 });
    const answer = new Promise<string>((done) => device.once('message', (_, payload) => done(payload.toString())));
    await device.publishAsync('devices/a/renew', '{"id": "r-1"}', { qos: 1 });
    const renewed = JSON.parse(await answer);
    expect(renewed).toMatchObject({ id: 'r-1', ok: true, token: expect.stringMatching(/^msd_/), expiresAt: null });
    const cut = new Promise<void>((done) => other.once('close', () => done()));
    const next = await connect('a', renewed.token, { clientId: 'kept', clean: false });
    // Sessions of the old one are cut, that of the new one is not.
    await cut;
    await next.publishAsync('devices/a/report', '{"x": 1}', { qos: 1 });
    await waitUntil(() => heard.some((text) => text.includes('devices/a/report')), 'the application hears the report');
    expect(heard.some((text) => text.includes('msd_'))).toBe(false);
    expect(next.connected).toBe(true);
  });

  it('is not renewed by others: a gateway for what is behind it, a password, an application, one that is gone', async () => {
    const { hub, api } = await claimingHub();
    const gateway = (await api('POST', '/devices', { id: 'gw', kind: 'gateway', credential: 'token' })).body.credential.secret;
    await api('POST', '/devices', { id: 'child', parent: 'gw', credential: 'token' });
    expect((await apiOf(hub.url, gateway)('POST', '/devices/child/renew')).status).toBe(403);
    expect((await api('POST', '/devices/gw/renew')).status).toBe(403);
    const { secret } = (await api('POST', '/devices/gw/credentials', { kind: 'password' })).body;
    const basic = { authorization: `Basic ${Buffer.from(`gw:${secret}`).toString('base64')}` };
    expect((await apiOf(hub.url, null)('POST', '/devices/gw/renew', undefined, basic)).body.detail).toMatch(/did not come with a token/);
  });

  it('is not renewed without end', async () => {
    const { hub, api } = await claimingHub();
    const { secret } = (await api('POST', '/devices', { id: 'a', credential: 'token' })).body.credential;
    const answers = [];
    for (let index = 0; index < 8; index += 1) answers.push((await apiOf(hub.url, secret)('POST', '/devices/a/renew')).status);
    expect(answers.slice(0, 5)).toEqual([201, 201, 201, 201, 201]);
    expect(answers.at(-1)).toBe(429);
  });
});
