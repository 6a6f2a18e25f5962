import { describe, expect } from 'vitest';
import { apiOf } from '../../../../helpers/api.ts';
import { conformance, time, type Wire } from '../../../../helpers/conformance.ts';
import { type ConnectFields, connect, publish, subscribe } from '../../../../helpers/mqtt-packets.ts';
import { isForeign } from '../../../../helpers/wire-client.ts';
import { BOTH } from './versions.ts';

const it = conformance({}, 'closed');
const api = (wire: Wire) => apiOf(wire.hub().url, wire.hub().token);

/** A device of the test's own, with what it signs in with. */
async function device(wire: Wire, name: string, more: object = {}): Promise<{ readonly id: string } & ConnectFields> {
  const id = wire.id(name);
  const { body } = await api(wire)('POST', '/devices', { id, credential: 'token', ...more });
  return { id, username: id, password: body.credential.secret };
}

async function viewer(wire: Wire): Promise<{ readonly id: string } & ConnectFields> {
  const { body } = await api(wire)('POST', '/tokens', { name: wire.id('eyes'), role: 'viewer' });
  return { id: body.id, username: 'eyes', password: body.token };
}

/** What a device says of something that it was asked: others may read that it did. */
async function anAnswer(wire: Wire, id: string): Promise<string> {
  const { body } = await api(wire)('POST', `/devices/${id}/call`, { name: 'something' });
  return JSON.stringify({ id: body.id, state: 'applied' });
}

const report = (one: { readonly id: string }) => `devices/${one.id}/report`;
const lasting = (version: 4 | 5): ConnectFields => ({ clean: false, ...(version === 5 ? { properties: [['sessionExpiryInterval', 600]] } : {}) });

describe.skipIf(isForeign).concurrent.each(BOTH)('A right in %s', (_name, version) => {
  it.for([
    ['no user name', {}, 5, 0x87],
    ['an unknown user name', { username: 'nobody', password: 'x' }, 4, 0x86],
    ['a user name and no password', { username: 'nobody' }, 4, 0x86],
    ['a token that does not exist', { username: 'x', password: 'mst_nothing' }, 4, 0x86],
  ] as const)('is not had with %s: CONNACK says so and the connection is closed', async ([, credentials, old, code], { wire }) => {
    const client = await wire.open(version);
    client.send(connect({ clientId: wire.id(), ...credentials }), subscribe(1, ['#']), publish('devices/x/report', { payload: '1' }));
    const answer = await client.take('connack');
    expect([version === 5 ? code : old, version === 5 ? 0x87 : 5]).toContain(answer.code);
    expect(answer.sessionPresent).toBe(false);
    await client.closed();
    expect(client.received).toHaveLength(1);
  });

  it('to subscribe is asked for each filter [MQTT-3.9.3-2]', async ({ wire }) => {
    const pump = await device(wire, 'pump');
    const other = await device(wire, 'other');
    const client = await wire.connect(version, pump);
    const refused = version === 5 ? 0x87 : 0x80;
    expect(
      (await client.subscribe(['#', `devices/${pump.id}/time`, '+/+/time', `devices/${other.id}/time`, '$SYS/#', `$share/g/devices/${other.id}/time`])).codes,
    ).toEqual([refused, 0, refused, refused, refused, refused]);
    await client.ping();
  });

  it.for([1, 2] as const)('to publish with QoS %i is asked for: 0x87, or a closed connection in MQTT 3.1.1', async (qos, { wire }) => {
    const pump = await device(wire, 'pump');
    const other = await device(wire, 'other');
    const witness = await wire.connect(version, await viewer(wire));
    await witness.subscribe(report(other));
    const client = await wire.connect(version, pump);
    client.send(publish(report(other), { qos, id: 1, payload: '{"a":1}' }));
    if (version === 5) expect((await client.take(qos === 1 ? 'puback' : 'pubrec')).code).toBe(0x87);
    else await client.closed();
    const owner = await wire.connect(version, other);
    await owner.publish(report(other), '{"a":2}', { qos: 1 });
    expect((await witness.receive()).payload).toBe('{"a":2}');
  });

  it('of a token ends with the token: the connection is cut at once and nobody gets in with it', async ({ wire }) => {
    const eyes = await viewer(wire);
    const client = await wire.connect(version, { ...eyes, ...lasting(version), clientId: 'app' });
    await client.subscribe([['devices/+/report', 1]]);
    await api(wire)('DELETE', `/tokens/${eyes.id}`);
    await client.closed();
    const again = await wire.open(version);
    again.send(connect({ ...eyes, clientId: 'app' }));
    expect((await again.take('connack')).code).toBeGreaterThan(0);
    await again.closed();
  });

  it('of a token ends with the token: what waited for its session is nobody’s', async ({ wire }) => {
    const eyes = await viewer(wire);
    const pump = await device(wire, 'pump');
    const client = await wire.connect(version, { ...eyes, ...lasting(version), clientId: wire.id('app') });
    await client.subscribe([[report(pump), 1]]);
    await client.end();
    const sender = await wire.connect(version, pump);
    await sender.publish(report(pump), '{"a":1}', { qos: 1 });
    await api(wire)('DELETE', `/tokens/${eyes.id}`);
    const heir = await wire.connect(version, { ...(await viewer(wire)), ...lasting(version), clientId: wire.id('app') });
    expect(heir.connack.sessionPresent).toBe(false);
    await heir.subscribe([[report(pump), 1]]);
    await sender.publish(report(pump), '{"a":2}', { qos: 1 });
    expect((await heir.receive()).payload).toBe('{"a":2}');
  });

  it('of a device ends when it is disabled: cut at once, refused afterwards, and back when it is active', async ({ wire }) => {
    const pump = await device(wire, 'pump');
    const client = await wire.connect(version, pump);
    await api(wire)('PATCH', `/devices/${pump.id}`, { state: 'disabled' });
    await client.closed();
    const again = await wire.open(version);
    again.send(connect({ ...pump, clientId: wire.id() }));
    expect(version === 5 ? [0x86, 0x87] : [4, 5]).toContain((await again.take('connack')).code);
    await again.closed();
    await api(wire)('PATCH', `/devices/${pump.id}`, { state: 'active' });
    await wire.connect(version, pump);
  });

  it('of a gateway ends with a device that no longer stands behind it: nothing more is delivered', async ({ wire }) => {
    const gateway = await device(wire, 'gw', { kind: 'gateway' });
    const child = await device(wire, 'child', { parent: gateway.id });
    const [first, second, fence] = [await anAnswer(wire, child.id), await anAnswer(wire, child.id), await anAnswer(wire, gateway.id)];
    const client = await wire.connect(version, gateway);
    await client.subscribe([
      [`devices/${child.id}/call/result`, 1],
      [`devices/${gateway.id}/call/result`, 1],
    ]);
    const sender = await wire.connect(version, child);
    await sender.publish(`devices/${child.id}/call/result`, first, { qos: 1 });
    expect((await client.receive()).payload).toBe(first);
    await api(wire)('PATCH', `/devices/${child.id}`, { parent: null });
    await sender.publish(`devices/${child.id}/call/result`, second, { qos: 1 });
    await (await wire.connect(version, gateway)).publish(`devices/${gateway.id}/call/result`, fence, { qos: 1 });
    expect((await client.receive()).payload).toBe(fence);
  });

  it('of a gateway ends with a device that no longer stands behind it: what waited is not delivered either', async ({ wire }) => {
    const gateway = await device(wire, 'gw', { kind: 'gateway' });
    const child = await device(wire, 'child', { parent: gateway.id });
    const [secret, fence] = [await anAnswer(wire, child.id), await anAnswer(wire, gateway.id)];
    const fields = { ...gateway, ...lasting(version), clientId: wire.id() };
    const client = await wire.connect(version, fields);
    await client.subscribe([
      [`devices/${child.id}/call/result`, 1],
      [`devices/${gateway.id}/call/result`, 1],
    ]);
    await client.end();
    await (await wire.connect(version, child)).publish(`devices/${child.id}/call/result`, secret, { qos: 1 });
    await api(wire)('PATCH', `/devices/${child.id}`, { parent: null });
    const again = await wire.connect(version, fields);
    await (await wire.connect(version, gateway)).publish(`devices/${gateway.id}/call/result`, fence, { qos: 1 });
    expect((await again.receive()).payload).toBe(fence);
  });

  it('to what a device retained ends with the device', async ({ wire }) => {
    const pump = await device(wire, 'pump');
    const sender = await wire.connect(version, pump);
    await sender.publish(report(pump), '{"a":1}', { qos: 1, retain: true });
    const eyes = await viewer(wire);
    const other = await device(wire, 'other');
    await api(wire)('DELETE', `/devices/${pump.id}`);
    const client = await wire.connect(version, eyes);
    await client.subscribe([['devices/+/report', 1]]);
    await (await wire.connect(version, other)).publish(report(other), '{"fence":1}', { qos: 1 });
    for (let message = await client.receive(); message.topic !== report(other); message = await client.receive()) expect(message.topic).not.toBe(report(pump));
  });

  it('of a disabled device does not last for its will', async ({ wire }) => {
    const pump = await device(wire, 'pump');
    const other = await device(wire, 'other');
    const witness = await wire.connect(version, await viewer(wire));
    expect((await witness.subscribe([`devices/${pump.id}/#`, report(other)])).codes).toEqual([0, 0]);
    const will = { topic: report(pump), payload: '{"will":1}', ...(version === 5 ? { properties: [['willDelayInterval', 1]] as const } : {}) };
    const client = await wire.connect(version, { ...pump, ...lasting(version), clientId: wire.id(), will });
    await api(wire)('PATCH', `/devices/${pump.id}`, { state: 'disabled' });
    await client.closed();
    if (version === 5) await time(2_500);
    await (await wire.connect(version, other)).publish(report(other), '{"fence":1}', { qos: 1 });
    expect((await witness.receive()).payload).toBe('{"fence":1}');
  });

  it('to a will is asked for: one on the topic of another is never published', async ({ wire }) => {
    const pump = await device(wire, 'pump');
    const other = await device(wire, 'other');
    const witness = await wire.connect(version, await viewer(wire));
    await witness.subscribe(`devices/${other.id}/#`);
    const client = await wire.open(version);
    client.send(connect({ ...pump, clientId: wire.id(), will: { topic: `devices/${other.id}/death`, payload: 'forged' } }));
    await client.take('connack');
    await client.drop();
    await (await wire.connect(version, other)).publish(report(other), '{"fence":1}', { qos: 1 });
    expect((await witness.receive()).payload).toBe('{"fence":1}');
  });

  it('to a session is of one principal: the same client identifier of another is another session', async ({ wire }) => {
    const pump = await device(wire, 'pump');
    const other = await device(wire, 'other');
    const one = await wire.connect(version, { ...pump, ...lasting(version), clientId: 'same' });
    const two = await wire.connect(version, { ...other, ...lasting(version), clientId: 'same' });
    expect(two.connack.sessionPresent).toBe(false);
    await one.ping();
    await two.ping();
  });
});
