import { describe, expect } from 'vitest';
import { type Connected, conformance, time, type Wire } from '../../../../helpers/conformance.ts';
import { byte, options, publish, type Version } from '../../../../helpers/mqtt-packets.ts';
import { BOTH } from './versions.ts';

const it = conformance();

async function listener(wire: Wire, version: Version): Promise<Connected> {
  const client = await wire.connect(version);
  await client.subscribe([wire.topic('#'), 2]);
  return client;
}

/** Nothing but what is sent now. */
async function silence(wire: Wire, client: Connected): Promise<void> {
  await (await wire.connect(client.version)).publish(wire.topic('fence'), 'fence', { qos: 1 });
  expect((await client.receive()).payload).toBe('fence');
}

describe.concurrent.each(BOTH)('A will in %s', (_name, version) => {
  it.for([
    [0, false],
    [1, false],
    [2, false],
    [1, true],
  ] as const)(
    'of QoS %i, retained: %s, is sent when the connection is lost [MQTT-3.1.2-8] [MQTT-3.1.2-16] [MQTT-3.1.2-17]',
    async ([qos, retain], { wire }) => {
      const witness = await listener(wire, version);
      const client = await wire.connect(version, { will: { topic: wire.topic('will'), payload: 'gone', qos, retain } });
      await client.drop();
      expect(await witness.receive()).toMatchObject({ topic: wire.topic('will'), payload: 'gone', qos, retain: false });
      const late = await wire.connect(version);
      await late.subscribe([wire.topic('will'), 2]);
      if (retain) expect(await late.receive()).toMatchObject({ payload: 'gone', retain: true });
      else await silence(wire, Object.assign(late, { subscribed: await late.subscribe([wire.topic('fence'), 1]) }));
    },
  );

  it('is sent when the connection is reset', async ({ wire }) => {
    const witness = await listener(wire, version);
    const client = await wire.connect(version, { will: { topic: wire.topic('will'), payload: 'reset' } });
    if ('resetAndDestroy' in client.stream) (client.stream.resetAndDestroy as () => void)();
    expect((await witness.receive()).payload).toBe('reset');
  });

  it('is not sent after DISCONNECT [MQTT-3.1.2-10] [MQTT-3.14.4-3]', async ({ wire }) => {
    const witness = await listener(wire, version);
    const client = await wire.connect(version, { will: { topic: wire.topic('will'), payload: 'gone' } });
    await client.end();
    await silence(wire, witness);
  });

  it('is not sent after DISCONNECT, and not by the next connection of the same session that is lost', async ({ wire }) => {
    const witness = await listener(wire, version);
    const fields = { clientId: wire.id('kept'), clean: false, ...(version === 5 ? { properties: [['sessionExpiryInterval', 60]] as const } : {}) };
    await (await wire.connect(version, { ...fields, will: { topic: wire.topic('will'), payload: 'gone' } })).end();
    await (await wire.connect(version, fields)).drop();
    await silence(wire, witness);
  });

  it.for([
    ['a malformed packet', byte(0x30, 2, 0, 0)],
    ['a reserved packet', byte(0x00, 0)],
    ['a second CONNECT', byte(0x10, 0)],
  ] as const)('is sent when the server ends the connection because of %s', async ([, bytes], { wire }) => {
    const witness = await listener(wire, version);
    const client = await wire.connect(version, { will: { topic: wire.topic('will'), payload: 'thrown out' } });
    client.send(bytes);
    expect((await witness.receive()).payload).toBe('thrown out');
  });

  it('is sent when the client says nothing for one and a half times its keep-alive [MQTT-3.1.2-24]', async ({ wire }) => {
    const witness = await listener(wire, version);
    await wire.connect(version, { keepAlive: 1, will: { topic: wire.topic('will'), payload: 'silent' } });
    expect((await witness.receive(10_000)).payload).toBe('silent');
  });

  it('is sent when another connection takes the client identifier over [MQTT-3.1.4-2]', async ({ wire }) => {
    const witness = await listener(wire, version);
    await wire.connect(version, { clientId: wire.id('same'), will: { topic: wire.topic('will'), payload: 'taken over' } });
    await wire.connect(version, { clientId: wire.id('same') });
    expect((await witness.receive()).payload).toBe('taken over');
  });

  it('without payload is a message like others', async ({ wire }) => {
    const witness = await listener(wire, version);
    await (await wire.connect(version, { will: { topic: wire.topic('will') } })).drop();
    expect(await witness.receive()).toMatchObject({ topic: wire.topic('will'), payload: '' });
  });

  it('that is retained and without payload removes what was retained', async ({ wire }) => {
    const witness = await listener(wire, version);
    await witness.publish(wire.topic('will'), 'kept', { qos: 1, retain: true });
    await witness.receive();
    await (await wire.connect(version, { will: { topic: wire.topic('will'), retain: true } })).drop();
    expect((await witness.receive()).payload).toBe('');
    const late = await listener(wire, version);
    await silence(wire, late);
  });

  it('comes after what the client published before it was lost', async ({ wire }) => {
    const witness = await listener(wire, version);
    const client = await wire.connect(version, { will: { topic: wire.topic('will'), payload: 'will', qos: 1 } });
    for (let index = 0; index < 10; index++) client.send(publish(wire.topic(), { qos: 1, id: index + 1, payload: String(index) }));
    await client.drop();
    expect((await witness.receiveMany(11)).map(({ payload }) => payload)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'will']);
  });

  it('waits for who is away, as any message does', async ({ wire }) => {
    const fields = { clientId: wire.id('away'), clean: false, ...(version === 5 ? { properties: [['sessionExpiryInterval', 60]] as const } : {}) };
    const away = await wire.connect(version, fields);
    await away.subscribe([wire.topic('will'), 1]);
    await away.end();
    await (await wire.connect(version, { will: { topic: wire.topic('will'), payload: 'gone', qos: 1 } })).drop();
    expect((await (await wire.connect(version, fields)).receive()).payload).toBe('gone');
  });
});

describe.concurrent('A will in MQTT 5', () => {
  it('is sent after DISCONNECT with reason 0x04 [MQTT-3.14.4-3]', async ({ wire }) => {
    const witness = await listener(wire, 5);
    await (await wire.connect(5, { will: { topic: wire.topic('will'), payload: 'asked for' } })).end(0x04);
    expect((await witness.receive()).payload).toBe('asked for');
  });

  it('is sent with its properties', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const properties = [
      ['payloadFormatIndicator', 1],
      ['messageExpiryInterval', 1_000],
      ['contentType', 'text/plain'],
      ['responseTopic', 'answer'],
      ['correlationData', 'id'],
      ['userProperty', ['b', '1']],
      ['userProperty', ['a', '2']],
    ] as const;
    await (await wire.connect(5, { will: { topic: wire.topic('will'), payload: 'x', qos: 1, properties } })).drop();
    expect((await witness.receive()).properties).toEqual({
      payloadFormatIndicator: 1,
      messageExpiryInterval: 1_000,
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from('id'),
      userProperty: [
        ['b', '1'],
        ['a', '2'],
      ],
    });
  });

  it('keeps RETAIN for who asked for it as published', async ({ wire }) => {
    const client = await wire.connect(5);
    await client.subscribe([wire.topic('will'), options(1, { retainAsPublished: true })]);
    await (await wire.connect(5, { will: { topic: wire.topic('will'), payload: 'x', qos: 1, retain: true } })).drop();
    expect((await client.receive()).retain).toBe(true);
  });

  it('with a delay is sent when the delay is over, and not before [section 3.1.3.2.2]', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const client = await wire.connect(5, {
      properties: [['sessionExpiryInterval', 60]],
      will: { topic: wire.topic('will'), payload: 'late', properties: [['willDelayInterval', 2]] },
    });
    await client.drop();
    const left = Date.now();
    await silence(wire, witness);
    expect((await witness.receive(10_000)).payload).toBe('late');
    expect(Date.now() - left).toBeGreaterThan(1_000);
  });

  it('with a delay is not sent when the session is taken up again in time [MQTT-3.1.3-9]', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const client = await wire.connect(5, { ...fields, will: { topic: wire.topic('will'), payload: 'late', properties: [['willDelayInterval', 1]] } });
    await client.drop();
    await wire.connect(5, fields);
    await time(2_500);
    await silence(wire, witness);
  });

  it('with a delay is not sent when the session is taken over', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    await wire.connect(5, { ...fields, will: { topic: wire.topic('will'), payload: 'late', properties: [['willDelayInterval', 1]] } });
    await wire.connect(5, fields);
    await time(2_500);
    await silence(wire, witness);
  });

  it('with a delay is sent at once when a clean start ends the session', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const client = await wire.connect(5, {
      clientId: wire.id('kept'),
      properties: [['sessionExpiryInterval', 60]],
      will: { topic: wire.topic('will'), payload: 'ended', properties: [['willDelayInterval', 30]] },
    });
    await client.drop();
    await wire.connect(5, { clientId: wire.id('kept') });
    expect((await witness.receive()).payload).toBe('ended');
  });

  it('with a delay is sent at once when a clean start takes the session over from a connected client', async ({ wire }) => {
    const witness = await listener(wire, 5);
    await wire.connect(5, {
      clientId: wire.id('kept'),
      properties: [['sessionExpiryInterval', 60]],
      will: { topic: wire.topic('will'), payload: 'ended', properties: [['willDelayInterval', 30]] },
    });
    await wire.connect(5, { clientId: wire.id('kept') });
    expect((await witness.receive()).payload).toBe('ended');
  });

  it('with a delay is replaced by the will of the next connection', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const fields = { clientId: wire.id('kept'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const delayed = (payload: string) => ({ topic: wire.topic('will'), payload, properties: [['willDelayInterval', 1]] as const });
    await (await wire.connect(5, { ...fields, will: delayed('first') })).drop();
    await (await wire.connect(5, { ...fields, will: delayed('second') })).drop();
    expect((await witness.receive(10_000)).payload).toBe('second');
    await silence(wire, witness);
  });

  it('with a delay is sent when DISCONNECT with reason 0x04 ends the session', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const client = await wire.connect(5, {
      properties: [['sessionExpiryInterval', 60]],
      will: { topic: wire.topic('will'), payload: 'ended', properties: [['willDelayInterval', 600]] },
    });
    await client.end(0x04, [['sessionExpiryInterval', 0]]);
    expect((await witness.receive()).payload).toBe('ended');
  });

  it('with a delay is sent when the session ends before it', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const will = { topic: wire.topic('will'), payload: 'ended', properties: [['willDelayInterval', 600]] as const };
    await (await wire.connect(5, { properties: [['sessionExpiryInterval', 1]], will })).drop();
    expect((await witness.receive(10_000)).payload).toBe('ended');
  });

  it('with a delay is sent at once when the session ends with the connection', async ({ wire }) => {
    const witness = await listener(wire, 5);
    await (await wire.connect(5, { will: { topic: wire.topic('will'), payload: 'ended', properties: [['willDelayInterval', 600]] } })).drop();
    expect((await witness.receive()).payload).toBe('ended');
  });

  it('with a delay and reason 0x04 in DISCONNECT waits, too', async ({ wire }) => {
    const witness = await listener(wire, 5);
    const client = await wire.connect(5, {
      properties: [['sessionExpiryInterval', 60]],
      will: { topic: wire.topic('will'), payload: 'late', properties: [['willDelayInterval', 1]] },
    });
    await client.end(0x04);
    await silence(wire, witness);
    expect((await witness.receive(10_000)).payload).toBe('late');
  });

  it('that expires is not delivered to who comes back too late', async ({ wire }) => {
    const fields = { clientId: wire.id('away'), clean: false, properties: [['sessionExpiryInterval', 60]] as const };
    const away = await wire.connect(5, fields);
    await away.subscribe([
      [wire.topic('will'), 1],
      [wire.topic('fence'), 1],
    ]);
    await away.end();
    await (await wire.connect(5, { will: { topic: wire.topic('will'), payload: 'short', qos: 1, properties: [['messageExpiryInterval', 1]] } })).drop();
    await time(2_500);
    await silence(wire, await wire.connect(5, fields));
  });
});
