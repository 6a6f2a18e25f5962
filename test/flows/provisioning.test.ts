// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what rules fill in
import { describe, expect, it } from 'vitest';
import { apiOf } from '../helpers/api.ts';
import { type ClaimingHub, claimingHub } from '../helpers/claiming.ts';
import { waitUntil } from '../helpers/wait-until.ts';

const rule = async ({ api }: ClaimingHub, id: string, fields: object) => {
  const { status, body } = await api('POST', '/provisioning-rules', { id, ...fields });
  expect([status, body.detail]).toEqual([201, undefined]);
};

describe('provisioning rules', () => {
  it('give a device its type, labels and name by what it says of itself; the first that holds decides', async () => {
    const world = await claimingHub();
    const { api, claim, ask } = world;
    for (const id of ['meter', 'pump']) await api('POST', '/types', { id, mode: 'open' });
    await rule(world, 'z-meters', {
      priority: 10,
      when: "aliases.imei.startsWith('35')",
      type: 'meter',
      name: 'Meter ${id}',
      labels: { site: '${attributes.site}', via: '${claim}' },
    });
    await rule(world, 'a-late', { priority: 20, type: 'pump', kind: 'gateway' });
    await rule(world, 'off', { priority: 1, enabled: false, decision: 'reject' });
    const token = await claim('batch');
    await ask(token, { id: 'm1', aliases: { imei: '351' }, attributes: { site: 'paris' } });
    await ask(token, { id: 'p1', name: 'Pump one', labels: { site: 'its own idea' } });
    expect((await api('GET', '/devices/m1')).body).toMatchObject({ type: 'meter', name: 'Meter m1', labels: { site: 'paris', via: 'batch' }, kind: 'device' });
    expect((await api('GET', '/devices/p1')).body).toMatchObject({ type: 'pump', name: 'Pump one', labels: {}, kind: 'gateway' });
    expect((await api('GET', '/claims/batch/devices')).body.items.map(({ rule }: { rule: string }) => rule)).toEqual(['z-meters', 'a-late']);
  });

  it('reject in their own words, and take no place of the claim for it', async () => {
    const world = await claimingHub();
    await rule(world, 'no-roof', { when: "has(attributes.place) && attributes.place == 'roof'", decision: 'reject', reason: 'nothing on the roof' });
    const token = await world.claim('batch', { devicesMax: 1 });
    expect((await world.ask(token, { id: 'a', attributes: { place: 'roof' } })).body).toMatchObject({ code: 'not_allowed', detail: 'nothing on the roof' });
    expect((await world.ask(token, { id: 'b' })).status).toBe(201);
  });

  it('hold a device that they cannot decide about', async () => {
    const world = await claimingHub();
    await rule(world, 'sites', { priority: 1, when: "attributes.site == 'paris'", decision: 'reject' });
    await rule(world, 'rest', { priority: 2 });
    const token = await world.claim('batch');
    const { body } = await world.ask(token, { id: 'a' });
    expect(body).toMatchObject({ state: 'new', reason: expect.stringContaining('the rule sites could not decide') });
    await rule(world, 'labels', { priority: 0, labels: { floor: '${attributes.floor}' } });
    expect((await world.ask(token, { id: 'b' })).body).toMatchObject({ state: 'new', reason: expect.stringContaining('no floor') });
  });

  it('are checked when they are made, and when they are changed', async () => {
    const { api } = await claimingHub({ 'limits.provisioning-rules-per-project': 2 });
    const create = async (fields: object) => (await api('POST', '/provisioning-rules', { id: 'r', ...fields })).body.detail;
    expect(await create({ when: 'nobody == 1' })).toMatch(/when: nothing is called nobody/);
    expect(await create({ when: 'id ==' })).toMatch(/^when: /);
    expect(await create({ type: '${id' })).toMatch(/does not end/);
    expect(await create({ type: 'no type' })).toMatch(/^type: /);
    expect(await create({ groups: ['a//b'] })).toMatch(/^groups: /);
    expect(await create({})).toBeUndefined();
    expect((await api('POST', '/provisioning-rules', { id: 'r' })).body.code).toBe('conflict');
    expect((await api('PATCH', '/provisioning-rules/r', { when: 'id' })).status).toBe(200);
    expect((await api('PATCH', '/provisioning-rules/r', { when: '1 +' })).status).toBe(400);
    expect((await api('PATCH', '/provisioning-rules/none', { when: 'true' })).status).toBe(404);
    await api('POST', '/provisioning-rules', { id: 's' });
    expect((await api('POST', '/provisioning-rules', { id: 't' })).body.code).toBe('limit_reached');
    expect((await api('DELETE', '/provisioning-rules/s')).status).toBe(204);
    expect((await api('GET', '/provisioning-rules')).body.items.map(({ id }: { id: string }) => id)).toEqual(['r']);
  });

  it('are tried without consequences, with a rule that is not made yet', async () => {
    const world = await claimingHub({ 'provisioning.default': 'hold' });
    const { api, claim } = world;
    await claim('batch', { allowed: ['gw-*'] });
    await rule(world, 'known', { priority: 5, when: "id.startsWith('gw-')", type: 'meter' });
    const test = async (body: object) => (await api('POST', '/provisioning-rules/test', body)).body;
    expect(await test({ request: { id: 'gw-1' }, claim: 'batch' })).toMatchObject({
      ...{ device: 'gw-1', decision: 'accept', rule: 'known', type: 'meter', problem: 'there is no type meter' },
      asked: [{ rule: 'known', holds: true }],
    });
    expect(await test({ request: { id: 'x' }, claim: 'batch' })).toMatchObject({
      decision: 'hold',
      rule: null,
      problem: expect.stringContaining('does not allow'),
    });
    const draft = { id: 'first', priority: 1, when: "protocol == 'mqtt' && address == '10.0.0.1'", decision: 'reject' };
    expect(await test({ request: { id: 'gw-1' }, rule: draft, protocol: 'mqtt', address: '10.0.0.1' })).toMatchObject({ decision: 'reject', rule: 'first' });
    expect((await api('GET', '/devices')).body.items).toEqual([]);
    expect((await api('GET', '/claims/batch')).body.used).toBe(0);
  });
});

describe('a device on hold', () => {
  const heldWorld = async (settings = {}) => {
    const world = await claimingHub({ 'provisioning.default': 'hold', ...settings });
    const token = await world.claim('batch');
    return { ...world, token, held: async (id: string, more: object = {}) => (await world.ask(token, { id, ...more })).body };
  };

  it('is refused until it is approved, and then comes in with the token that it has', async () => {
    const { hub, api, held, isLetIn, events } = await heldWorld();
    const { token, state } = await held('a');
    expect(state).toBe('new');
    expect((await apiOf(hub.url, token)('GET', '/whoami')).body.detail).toBe('the device waits to be approved');
    expect((await api('POST', '/devices/a/approve', { labels: { site: 'paris' } })).body).toMatchObject({
      id: 'a',
      state: 'active',
      labels: { site: 'paris' },
    });
    expect(await isLetIn(token)).toBe(true);
    expect((await api('POST', '/devices/a/approve', {})).body).toMatchObject({ code: 'conflict', detail: 'the device a is active, not new' });
    await waitUntil(async () => (await events('device.approved')).length === 1, 'the event');
    expect((await events('device.held'))[0]).toMatchObject({ device: 'a' });
  });

  it('is gone when it is rejected, and may come again; blocked, it may not', async () => {
    const { api, held, isLetIn } = await heldWorld();
    const { token } = await held('a');
    expect((await api('POST', '/devices/a/reject', {})).status).toBe(204);
    expect(await isLetIn(token)).toBe(false);
    expect((await held('a')).state).toBe('new');
    expect((await api('POST', '/devices/a/reject', { block: true, reason: 'not ours' })).status).toBe(204);
    expect((await held('a')).code).toBe('conflict');
    expect((await api('GET', '/devices/a')).body.state).toBe('retired');
    expect((await api('POST', '/devices/a/reject', {})).body.code).toBe('conflict');
  });

  it('is one thing only when it is approved and rejected at once', async () => {
    const { api, held } = await heldWorld();
    for (const id of ['a', 'b', 'c', 'd']) {
      await held(id);
      const [approved, rejected] = await Promise.all([api('POST', `/devices/${id}/approve`, {}), api('POST', `/devices/${id}/reject`, {})]);
      expect([approved.status === 200, rejected.status === 204].filter(Boolean)).toHaveLength(1);
      expect((await api('GET', `/devices/${id}`)).status).toBe(approved.status === 200 ? 200 : 404);
    }
  });

  it('waits with others, but not with more than the limit, however many ask at once', async () => {
    const { api, ask, token } = await heldWorld({ 'limits.devices-held-per-project': 3 });
    const answers = await Promise.all(Array.from({ length: 9 }, (_, index) => ask(token, { id: `d${index}` })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ body }) => body.code === 'limit_reached')).toHaveLength(6);
    expect((await api('GET', '/claims/batch')).body.used).toBe(3);
  });

  it('asks again with its proof while it waits, and takes no second place', async () => {
    const { api, held, isLetIn } = await heldWorld();
    const proof = 'a-proof-of-its-own-0001';
    const first = await held('a', { proof });
    await isLetIn(first.token);
    const second = await held('a', { proof });
    expect(second).toMatchObject({ device: 'a', state: 'new', repeated: true });
    await api('POST', '/devices/a/approve', {});
    expect([await isLetIn(first.token), await isLetIn(second.token)]).toEqual([false, true]);
    expect((await api('GET', '/claims/batch')).body.used).toBe(1);
  });
});
