import { describe, expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { claimingHub } from '../helpers/claiming.ts';
import { opensslRequest } from '../helpers/openssl.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const PROOF = 'a-proof-of-its-own-0001';

/** A device `pump` of the type boiler in `hall`, which waits; and a claim. */
async function waitingHub(settings = {}) {
  const world = await claimingHub(settings);
  const { api, claim } = world;
  await api('POST', '/types', { id: 'boiler', mode: 'open' });
  await api('POST', '/groups', { path: 'hall' });
  const entered = { type: 'boiler', labels: { site: 'paris' }, groups: ['hall'], aliases: { serial: 'SN 42', imei: '490154203237518' } };
  expect(await api('POST', '/devices', { id: 'pump', ...entered, credential: 'claim' })).toMatchObject({
    status: 201,
    body: { credential: { kind: 'claim', secret: '' } },
  });
  return { ...world, entered, token: await claim('batch', { devicesMax: 5, type: null }) };
}

describe('a device that was entered before, and waits', () => {
  it.each(['http', 'mqtt'] as const)('claims itself once over %s by its id, and keeps what was entered', async (protocol) => {
    const { api, hub, ask, askOverMqtt, token, entered, events } = await waitingHub();
    const request = { id: 'pump', name: 'Other', type: 'nonsense', labels: { site: 'rome' } };
    const answer = protocol === 'http' ? (await ask(token, request)).body : await askOverMqtt(token, request);
    expect(answer).toMatchObject({ device: 'pump', state: 'active', repeated: false, token: expect.stringMatching(/^msd_/) });
    expect((await apiOf(hub.url, answer.token as string)('POST', '/devices/pump/report', { power: 5 })).status).toBe(202);
    expect((await api('GET', '/devices/pump')).body).toMatchObject({ ...entered, name: 'pump', state: 'active' });
    expect((await api('GET', '/devices/pump/credentials')).body.items).toMatchObject([{ kind: 'token' }]);
    expect((await ask(token, request)).body.code).toBe('conflict');
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
    await waitUntil(async () => (await events('device.claimed')).length === 1, 'the event');
    expect((await events('device.claimed'))[0]).toMatchObject({ device: 'pump', details: { entered: true } });
  });

  it('is found by an alias, whatever id its firmware has, and may ask again when the answer was lost', async () => {
    const { ask, token, isLetIn, api } = await waitingHub();
    const request = { id: 'fw-0815', aliases: { serial: 'SN 42', mac: '00:11' }, proof: PROOF };
    const first = (await ask(token, request)).body;
    expect(first).toMatchObject({ device: 'pump', repeated: false });
    const again = (await ask(token, request)).body;
    expect(again).toMatchObject({ device: 'pump', repeated: true });
    expect([await isLetIn(first.token), await isLetIn(again.token)]).toEqual([false, true]);
    await waitUntil(async () => (await ask(token, request)).body.code === 'conflict', 'it has used its token');
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
    // What it says besides is not taken over.
    expect((await api('GET', '/devices/pump')).body.aliases).toEqual({ serial: 'SN 42', imei: '490154203237518' });
  });

  it('is given to one when ten ask at once', async () => {
    const { ask, token, isLetIn, api } = await waitingHub();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => ask(token, { id: 'pump', proof: `${PROOF}-${index}` })));
    const won = answers.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))).toEqual(new Set(['conflict']));
    expect(await isLetIn(won[0]?.body.token)).toBe(true);
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
    expect((await api('GET', '/devices/pump/credentials')).body.items).toHaveLength(1);
  });

  it('is not handed out when it has a credential, was heard, is disabled, or nobody said that it waits', async () => {
    const { ask, token, api, hub } = await waitingHub();
    const codeOf = async (id: string) => (await ask(token, { id })).body.code;
    await api('POST', '/devices', { id: 'plain' });
    expect(await codeOf('plain')).toBe('conflict');
    await api('POST', '/devices', { id: 'gets-token', credential: 'claim' });
    await api('POST', '/devices/gets-token/credentials', {});
    expect(await codeOf('gets-token')).toBe('conflict');
    await api('POST', '/devices', { id: 'disabled', credential: 'claim' });
    await api('PATCH', '/devices/disabled', { state: 'disabled' });
    expect(await codeOf('disabled')).toBe('conflict');
    const gateway = (await api('POST', '/devices', { id: 'gw', kind: 'gateway', credential: 'token' })).body.credential.secret;
    await api('POST', '/devices', { id: 'child', parent: 'gw', credential: 'claim' });
    expect((await apiOf(hub.url, gateway)('POST', '/devices/child/report', { power: 1 })).status).toBe(202);
    expect(await codeOf('child')).toBe('conflict');
    expect((await api('GET', '/claims/batch')).body.used).toBe(0);
    // Nor can one of those be made to wait.
    expect((await api('POST', '/devices/gw/credentials', { kind: 'claim' })).body.code).toBe('conflict');
    expect((await api('POST', '/devices/plain/credentials', { kind: 'claim' })).status).toBe(201);
    expect((await ask(token, { id: 'plain' })).status).toBe(201);
    expect((await api('POST', '/devices/plain/credentials', { kind: 'claim' })).body.code).toBe('conflict');
  });

  it('is not handed out by names that contradict what was entered, or that are of several', async () => {
    const { ask, token, api } = await waitingHub();
    await api('POST', '/devices', { id: 'valve', aliases: { serial: 'SN 43' }, credential: 'claim' });
    for (const request of [
      { id: 'pump', aliases: { serial: 'SN 99' } },
      { id: 'pump', aliases: { serial: 'SN 43' } },
      { aliases: { serial: 'SN 43', imei: '490154203237518' } },
    ])
      expect((await ask(token, request)).body.code).toBe('conflict');
    expect((await api('GET', '/claims/batch')).body.used).toBe(0);
    expect((await ask(token, { id: 'pump', aliases: { serial: 'SN 42' } })).status).toBe(201);
  });

  it('is let in by the patterns of the claim for what was entered, and not for what it makes up', async () => {
    const { ask, claim, api } = await waitingHub();
    const elsewhere = await claim('elsewhere', { allowed: ['fw-*', 'imei:35*', 'mac:00*'] });
    // Each of these would open the claim, and is no name of the device.
    expect((await ask(elsewhere, { id: 'fw-1', aliases: { serial: 'SN 42', mac: '00:11' } })).body.code).toBe('not_allowed');
    const here = await claim('here', { allowed: ['serial:SN*'] });
    expect((await ask(here, { id: 'pump' })).status).toBe(201);
    expect((await api('GET', '/devices/pump')).body.state).toBe('active');
  });

  it('is rejected and held by the rules, and approved as others are', async () => {
    const { ask, token, api, isLetIn } = await waitingHub();
    await api('POST', '/provisioning-rules', { id: 'no', priority: 1, when: 'attributes.model == "old"', decision: 'reject' });
    await api('POST', '/provisioning-rules', { id: 'later', priority: 2, decision: 'hold', type: 'nonsense', groups: ['nowhere'], labels: { site: 'rome' } });
    expect((await ask(token, { id: 'pump', attributes: { model: 'old' } })).body.code).toBe('not_allowed');
    const held = (await ask(token, { id: 'pump', attributes: { model: 'new' } })).body;
    expect(held).toMatchObject({ device: 'pump', state: 'new', reason: 'the rule later holds it' });
    expect(await isLetIn(held.token)).toBe(false);
    expect((await api('POST', '/devices/pump/approve', {})).body).toMatchObject({
      state: 'active',
      type: 'boiler',
      labels: { site: 'paris' },
      groups: ['hall'],
    });
    expect(await isLetIn(held.token)).toBe(true);
  });

  it('waits until its time is over, and takes no place of a claim that is full', async () => {
    const { ask, claim, api } = await waitingHub();
    const full = await claim('full', { devicesMax: 1 });
    expect((await ask(full, { id: 'first' })).status).toBe(201);
    expect((await ask(full, { id: 'pump' })).body.code).toBe('limit_reached');
    expect((await api('GET', '/devices/pump/credentials')).body.items).toMatchObject([{ kind: 'claim' }]);
    const devices = [{ id: 'short', credential: { kind: 'claim', expiresAt: Date.now() + 300 } }];
    expect((await api('POST', '/devices/batch', { mode: 'create', devices })).body.results).toMatchObject([
      { status: 'created', credential: { kind: 'claim', secret: null } },
    ]);
    await waitUntil(async () => (await ask(full, { id: 'short' })).body.detail?.includes('exists already'), 'it waits no more');
  });
});

describe('a device that sends a signing request', () => {
  const signingHub = async () => {
    const world = await waitingHub();
    await world.api('POST', '/cas', { kind: 'own', id: 'ca' });
    return world;
  };

  it('gets a certificate in the place of a token, over MQTT too', async () => {
    const { askOverMqtt, token, api } = await signingHub();
    const answer = await askOverMqtt(token, { id: 'new-one', csr: opensslRequest('/CN=new-one').pem });
    expect(answer).toMatchObject({
      ok: true,
      device: 'new-one',
      token: null,
      certificate: expect.stringContaining('BEGIN CERT'),
      caCertificate: expect.stringContaining('BEGIN CERT'),
    });
    expect((await api('GET', '/devices/new-one/credentials')).body.items).toEqual([]);
    expect((await api('GET', '/certificates?device=new-one')).body.items).toMatchObject([
      { state: 'valid', replaces: 'claim:batch', createdBy: 'claim:batch' },
    ]);
  });

  it('is told what is wrong, and nothing is used up', async () => {
    const { ask, token, api } = await waitingHub();
    const { pem } = opensslRequest('/CN=pump');
    expect((await ask(token, { id: 'pump', csr: pem })).body).toMatchObject({ code: 'not_found', detail: expect.stringContaining('no certificate authority') });
    await api('POST', '/cas', { kind: 'own', id: 'ca' });
    expect((await ask(token, { id: 'pump', csr: 'no request' })).body.code).toBe('invalid');
    expect((await ask(token, { id: 'pump', csr: opensslRequest('/CN=other').pem })).body).toMatchObject({
      code: 'invalid',
      detail: expect.stringContaining('"other"'),
    });
    expect((await ask(token, { id: 'unseen', csr: opensslRequest('/CN=other').pem })).body.code).toBe('invalid');
    expect((await api('GET', '/devices/unseen')).status).toBe(404);
    expect((await api('GET', '/claims/batch')).body.used).toBe(0);
    expect((await api('GET', '/certificates')).body.items).toEqual([]);
    expect((await ask(token, { id: 'pump', csr: pem })).status).toBe(201);
  });

  it('gets another one with its proof when the answer was lost, and the one before counts no more', async () => {
    const { ask, token, api } = await signingHub();
    const request = { aliases: { serial: 'SN 42' }, proof: PROOF, csr: opensslRequest('/CN=SN 42').pem };
    const first = (await ask(token, request)).body;
    expect(first).toMatchObject({ device: 'pump', repeated: false });
    expect((await ask(token, { ...request, proof: `${PROOF}-of-another` })).body.code).toBe('conflict');
    expect((await ask(token, { aliases: request.aliases, proof: PROOF })).body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('asked for a certificate'),
    });
    const again = (await ask(token, request)).body;
    expect(again).toMatchObject({ device: 'pump', repeated: true });
    const states = (await api('GET', '/certificates?device=pump')).body.items.map(({ fingerprint, state }: { fingerprint: string; state: string }) => [
      fingerprint,
      state,
    ]);
    expect(Object.fromEntries(states)).toEqual({
      [first.credential.replace('certificate:', '')]: 'revoked',
      [again.credential.replace('certificate:', '')]: 'valid',
    });
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
    for (let asked = 0; asked < 5; asked++) await ask(token, request);
    expect((await ask(token, request)).body.code).toBe('rate_limited');
  });
});
