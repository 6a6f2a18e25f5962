import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { claimingHub } from '../helpers/claiming.ts';
import { testClock } from '../helpers/test-clock.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const PROOF = 'a-proof-of-its-own-0001';

describe('a device that was never seen', () => {
  it('gets its own identity over HTTP and reports with it', async () => {
    const { hub, api, claim, ask, events } = await claimingHub();
    await api('POST', '/types', { id: 'meter', mode: 'open' });
    const token = await claim('batch-7', { type: 'meter', devicesMax: 10 });
    const { status, body } = await ask(token, { id: 'meter-1', name: 'Meter 1', aliases: { serial: 'S1' }, labels: { site: 'mine' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ device: 'meter-1', state: 'active', repeated: false, expiresAt: null, reason: null, mqttUrl: hub.mqttUrl });
    expect(body.token).toMatch(/^msd_/);
    expect((await apiOf(hub.url, body.token)('POST', '/devices/meter-1/report', { power: 5 })).status).toBe(202);
    // What it says of itself labels nothing.
    expect((await api('GET', '/devices/serial:S1')).body).toMatchObject({ id: 'meter-1', name: 'Meter 1', type: 'meter', labels: {}, state: 'active' });
    expect((await api('GET', '/claims/batch-7')).body).toMatchObject({ used: 1, devicesMax: 10, type: 'meter' });
    expect((await api('GET', '/claims/batch-7/devices')).body.items).toMatchObject([{ device: 'meter-1', state: 'active', rule: null }]);
    await waitUntil(async () => (await events('device.claimed')).length === 1, 'the event');
    expect((await events('device.claimed'))[0]).toMatchObject({ device: 'meter-1', details: { claim: 'batch-7' } });
  });

  it.each([4, 5] as const)('gets its own identity over MQTT, version %i', async (protocolVersion) => {
    const { hub, claim, askOverMqtt } = await claimingHub();
    const token = await claim('batch');
    const answer = await askOverMqtt(token, { aliases: { imei: '490154203237518' }, request: 'r-1' }, { protocolVersion });
    expect(answer).toMatchObject({ ok: true, request: 'r-1', device: 'imei-490154203237518', state: 'active' });
    const client = await mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'imei-490154203237518', password: answer.token as string, reconnectPeriod: 0 });
    onTestFinished(() => void client.end(true));
    await client.publishAsync('devices/imei-490154203237518/report', '{"power": 5}', { qos: 1 });
  });

  it('is told why it gets none, and so is the operator, once a minute for each reason', async () => {
    const { claim, ask, askOverMqtt, events } = await claimingHub();
    const token = await claim('batch', { allowed: ['imei:35*', 'gw-*'] });
    expect((await ask(token, { id: 'pump-1' })).body).toMatchObject({ code: 'not_allowed', status: 403 });
    expect((await ask(token, { id: 'x', aliases: { imei: '4901' } })).status).toBe(403);
    expect(await askOverMqtt(token, { id: 'pump-2' })).toMatchObject({ ok: false, code: 'not_allowed' });
    expect(await askOverMqtt(token, '{"id": 5}')).toMatchObject({ ok: false, code: 'invalid' });
    expect(await askOverMqtt(token, 'no json')).toMatchObject({ ok: false, code: 'invalid' });
    expect(await askOverMqtt(token, {})).toMatchObject({ ok: false, code: 'invalid', reason: expect.stringContaining('neither an id nor an alias') });
    expect((await ask(token, { id: 'gw-1' })).status).toBe(201);
    expect((await ask(token, { id: 'y', aliases: { imei: '3512' } })).status).toBe(201);
    await waitUntil(async () => (await events('claim.refused')).length === 2, 'the events');
    expect((await events('claim.refused')).map(({ details }) => details.code).sort()).toEqual(['invalid', 'not_allowed']);
  });
});

describe('a claim', () => {
  it('is of no use twice: not for the same id, nor for another with the same proof', async () => {
    const { claim, ask, api } = await claimingHub();
    const token = await claim('batch');
    expect((await ask(token, { id: 'a', proof: PROOF })).status).toBe(201);
    expect((await ask(token, { id: 'a' })).body).toMatchObject({ code: 'conflict' });
    expect((await ask(token, { id: 'a', proof: 'another-proof-0000000' })).body).toMatchObject({ code: 'conflict' });
    expect((await ask(token, { id: 'b', proof: PROOF })).body).toMatchObject({ code: 'conflict' });
    expect((await ask(await claim('other'), { id: 'a', proof: PROOF })).body).toMatchObject({ code: 'conflict' });
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
  });

  it('gives a device that lost the answer the same identity with another token, until it has used it', async () => {
    const { claim, ask, isLetIn, api } = await claimingHub();
    const token = await claim('batch', { devicesMax: 1 });
    const first = (await ask(token, { id: 'a', proof: PROOF })).body;
    const again = await ask(token, { id: 'a', proof: PROOF });
    expect(again).toMatchObject({ status: 201, body: { device: 'a', repeated: true, state: 'active' } });
    expect(await isLetIn(first.token)).toBe(false);
    expect(await isLetIn(again.body.token)).toBe(true);
    await waitUntil(async () => (await ask(token, { id: 'a', proof: PROOF })).status === 409, 'it has used its token');
    expect(await isLetIn(again.body.token)).toBe(true);
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
    expect((await api('GET', '/devices/a/credentials')).body.items).toHaveLength(1);
  });

  it.each(['http', 'mqtt'] as const)('lets no more devices in than it has places, however many ask at once over %s', async (protocol) => {
    const { claim, ask, askOverMqtt, api } = await claimingHub();
    const token = await claim('batch', { devicesMax: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const request = { id: `d-${index}` };
        if (protocol === 'mqtt') return askOverMqtt(token, request);
        const { status, body } = await ask(token, request);
        return { ok: status === 201, code: body.code };
      }),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(3);
    expect(new Set(answers.filter(({ ok }) => !ok).map(({ code }) => code))).toEqual(new Set(['limit_reached']));
    expect((await api('GET', '/devices')).body.items).toHaveLength(3);
    expect((await api('GET', '/claims/batch')).body.used).toBe(3);
  });

  it('gives one identity when the same device asks ten times at once', async () => {
    const { claim, ask, isLetIn, api } = await claimingHub();
    const token = await claim('batch');
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(token, { id: 'a', proof: PROOF })));
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
    const tokens = answers.filter(({ status }) => status === 201).map(({ body }) => body.token as string);
    expect(tokens.length).toBeGreaterThan(0);
    expect((await api('GET', '/devices/a/credentials')).body.items).toHaveLength(1);
    const letIn = await Promise.all(tokens.map(isLetIn));
    expect(letIn.filter(Boolean)).toHaveLength(1);
  });

  it('gives nothing once it is revoked, has expired, or at another address', async () => {
    const clock = testClock(Date.now());
    const { claim, ask, askOverMqtt, api, hub } = await claimingHub({}, { clock });
    const revoked = await claim('revoked');
    const expiring = await claim('expiring', { expiresInSeconds: 60 });
    const elsewhere = await claim('elsewhere', { addresses: ['10.0.0.0/8', '2001:db8::/32'] });
    const here = await claim('here', { addresses: ['127.0.0.0/8'] });
    const open = await mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'x', password: revoked, reconnectPeriod: 0 });
    onTestFinished(() => void open.end(true));
    await open.subscribeAsync('claim/response');
    expect((await api('DELETE', '/claims/revoked')).body.revokedAt).toBeGreaterThan(0);
    // A connection from before is of no use either.
    const answer = new Promise<string>((done) => open.once('message', (_, payload) => done(payload.toString())));
    await open.publishAsync('claim/request', '{"id": "late"}', { qos: 1 });
    expect(JSON.parse(await answer)).toMatchObject({ ok: false, code: 'not_allowed' });
    expect((await ask(revoked, { id: 'a' })).status).toBe(401);
    expect((await ask(expiring, { id: 'b' })).status).toBe(201);
    clock.advance(61_000);
    expect((await ask(expiring, { id: 'c' })).body).toMatchObject({ status: 401, detail: 'the claim has expired' });
    expect((await ask(elsewhere, { id: 'd' })).status).toBe(401);
    expect((await ask(here, { id: 'e' })).status).toBe(201);
    await expect(askOverMqtt(revoked, { id: 'f' })).rejects.toThrow(/Not authorized|Bad/i);
    expect((await api('GET', '/devices')).body.items.map(({ id }: { id: string }) => id)).toEqual(['b', 'e']);
  });

  it('may do nothing but claim, over HTTP and MQTT', async () => {
    const { hub, claim } = await claimingHub();
    const token = await claim('batch');
    const asClaim = apiOf(hub.url, token);
    for (const [method, path] of [
      ['GET', '/devices'],
      ['GET', '/whoami'],
      ['DELETE', '/sessions/current'],
      ['POST', '/devices'],
      ['GET', '/claims'],
      ['POST', '/claims'],
      ['GET', '/stream'],
    ] as const)
      expect([path, (await asClaim(method, path, method === 'POST' ? { id: 'x' } : undefined)).status]).toEqual([path, 403]);
    const client = await mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'claim', password: token, protocolVersion: 5, reconnectPeriod: 0 });
    onTestFinished(() => void client.end(true));
    for (const filter of ['#', 'claim/#', 'claim/+', 'devices/#', '$share/a/claim/response', 'devices/a/set'])
      await expect(client.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
    for (const topic of ['devices/a/report', 'claim/response', 'x'])
      await expect(client.publishAsync(topic, '{}', { qos: 1 })).rejects.toThrow(/Not authorized/);
    // Not listening, it would never hear of the identity.
    await expect(client.publishAsync('claim/request', '{"id": "a"}', { qos: 1 })).rejects.toThrow(/Not authorized/);
    expect((await apiOf(hub.url, hub.token)('GET', '/devices')).body.items).toEqual([]);
  });

  it('is of no use to those who are none: an administrator, a device, a guess', async () => {
    const { hub, api, claim, ask } = await claimingHub();
    const token = await claim('batch');
    const { secret } = (await api('POST', '/devices', { id: 'known', credential: 'token' })).body.credential;
    expect((await api('POST', '/claim', { id: 'a' })).status).toBe(403);
    expect((await apiOf(hub.url, secret)('POST', '/claim', { id: 'a' })).status).toBe(403);
    expect((await ask(`${token.slice(0, -3)}AAA`, { id: 'a' })).status).toBe(401);
    expect((await ask(token, { id: 'known' })).body.code).toBe('conflict');
  });

  it('is locked after ten wrong guesses at its secret, also for the right one', async () => {
    const { claim, ask } = await claimingHub({ 'access.failures-per-account': 3 });
    const token = await claim('batch');
    for (const end of ['AAA', 'BBB', 'CCC']) expect((await ask(`${token.slice(0, -3)}${end}`, { id: 'a' })).status).toBe(401);
    expect((await ask(token, { id: 'a' })).body.code).toBe('locked_out');
  });

  it('is asked no faster than its limit', async () => {
    const { claim, ask } = await claimingHub({ 'limits.claim-requests-per-second': 2 });
    const token = await claim('batch');
    const codes = [];
    for (const id of ['a', 'b', 'c', 'd', 'e']) codes.push((await ask(token, { id })).status);
    expect(codes.slice(0, 2)).toEqual([201, 201]);
    expect(codes).toContain(429);
    expect((await ask(await claim('other'), { id: 'z' })).status).toBe(201);
  });
});

describe('an answer with a secret', () => {
  it('comes to the connection that asked alone, whatever its client identifier', async () => {
    const { hub, claim } = await claimingHub();
    const token = await claim('batch');
    const connect = () => mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'claim', password: token, clientId: 'firmware', clean: false, reconnectPeriod: 0 });
    const heard: Record<string, string[]> = { one: [], two: [] };
    const [one, two] = [await connect(), await connect()];
    onTestFinished(() => void [one, two].map((client) => client.end(true)));
    await one.subscribeAsync('claim/response', { qos: 1 });
    await two.subscribeAsync('claim/response', { qos: 1 });
    one.on('message', (_, payload) => heard.one?.push(payload.toString()));
    two.on('message', (_, payload) => heard.two?.push(payload.toString()));
    // Neither took the session of the other over.
    expect([one.connected, two.connected]).toEqual([true, true]);
    await one.publishAsync('claim/request', '{"id": "a"}', { qos: 1 });
    await two.publishAsync('claim/request', '{"id": "b"}', { qos: 1 });
    await waitUntil(() => heard.one?.length === 1 && heard.two?.length === 1, 'both answers');
    expect(heard.one?.[0]).toContain('"device":"a"');
    expect(heard.two?.[0]).toContain('"device":"b"');
    await one.endAsync(true);
    const later = await connect();
    onTestFinished(() => void later.end(true));
    const left: string[] = [];
    later.on('message', (_, payload) => left.push(payload.toString()));
    await later.subscribeAsync('claim/response', { qos: 1 });
    await two.publishAsync('claim/request', '{"id": "c"}', { qos: 1 });
    await waitUntil(() => heard.two?.length === 2, 'its second answer');
    expect(left).toEqual([]);
  });
});

describe('whoever holds the token of a claim', () => {
  it('holds so many connections and no more, and keeps out nobody who comes with something else', async () => {
    const { hub, api, claim, askOverMqtt } = await claimingHub({ 'mqtt.connections-per-claim-max': 2 });
    const [token, another] = [await claim('batch'), await claim('another')];
    const connect = async (password: string, username = 'claim') => {
      const client = await mqtt.connectAsync(hub.mqttUrl ?? '', { username, password, reconnectPeriod: 0, protocolVersion: 5 }, false);
      onTestFinished(() => void client.end(true));
      return client;
    };
    const first = await connect(token);
    await connect(token);
    await expect(connect(token)).rejects.toMatchObject({ code: 0x97 });
    expect(await askOverMqtt(another, { id: 'a' })).toMatchObject({ ok: true });
    const { body } = await api('POST', '/devices', { id: 'batch', credential: 'token' });
    await connect(body.credential.secret, 'batch');
    await first.endAsync(true);
    const isLetIn = () =>
      connect(token).then(
        () => true,
        () => false,
      );
    await waitUntil(isLetIn, 'a place is free again');
  });
});
