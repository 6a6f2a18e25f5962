import { describe, expect, it } from 'vitest';
import { MusterError } from '../../../../src/lib/errors/muster-error.ts';
import { startMqttHub } from '../../../helpers/mqtt-hub.ts';
import { publishPacket, signedIn } from '../../../helpers/raw-mqtt.ts';
import { waitUntil } from '../../../helpers/wait-until.ts';

const TOPIC = 'devices/pump/report';
const ANSWER = { 1: 'puback', 2: 'pubrec' } as const;
const versions = [4, 5] as const;
const settle = (times = 20) => new Promise<void>((resolve) => (times === 0 ? resolve() : setImmediate(() => resolve(settle(times - 1)))));

describe.each(versions)('with protocol version %i', (protocolVersion) => {
  describe.each([1, 2] as const)('a report with QoS %i', (qos) => {
    it('is acknowledged when it is stored and not before', async () => {
      const hub = await startMqttHub({ held: true });
      const client = await signedIn(hub.port, 'pump', { protocolVersion });
      client.send(publishPacket(TOPIC, qos, 7), { cmd: 'pingreq' });
      // The ping is answered, so the report has been handled; it is not acknowledged.
      await client.packet('pingresp');
      await settle();
      expect(client.received.map(({ cmd }) => cmd)).not.toContain(ANSWER[qos]);
      hub.waiting[0]?.store();
      const answer = await client.packet(ANSWER[qos]);
      expect(answer.messageId).toBe(7);
      expect(answer.reasonCode ?? 0).toBe(0);
    });

    it('is acknowledged in the order of arrival, whatever is stored first', async () => {
      const hub = await startMqttHub({ held: true });
      const client = await signedIn(hub.port, 'pump', { protocolVersion });
      client.send(publishPacket(TOPIC, qos, 1), publishPacket(TOPIC, qos, 2), publishPacket('devices/pump/birth', qos, 3), publishPacket(TOPIC, qos, 4));
      await waitUntil(() => hub.waiting.length === 3, 'three reports arrived');
      hub.waiting[2]?.store();
      hub.waiting[1]?.store({ accepted: 0, rejectedCount: 1 });
      await settle();
      expect(client.received.filter(({ cmd }) => cmd === ANSWER[qos])).toEqual([]);
      hub.waiting[0]?.store();
      await client.packet(ANSWER[qos], 3);
      expect(client.received.filter(({ cmd }) => cmd === ANSWER[qos]).map(({ messageId }) => messageId)).toEqual([1, 2, 3, 4]);
    });

    it.each(['overloaded', 'storage_failed', 'stopping'] as const)('is not acknowledged when ingest says %s', async (code) => {
      const hub = await startMqttHub({ held: true });
      const client = await signedIn(hub.port, 'pump', { protocolVersion });
      client.send(publishPacket(TOPIC, qos, 9));
      await waitUntil(() => hub.waiting.length === 1, 'the report arrived');
      hub.waiting[0]?.fail(new MusterError(code, 'not now'));
      if (protocolVersion === 5) {
        const answer = await client.packet(ANSWER[qos]);
        expect(answer).toMatchObject({ messageId: 9, reasonCode: code === 'overloaded' ? 0x97 : 0x83, properties: { reasonString: `${code}: not now` } });
      } else {
        await client.closed();
        expect(client.received.map(({ cmd }) => cmd)).toEqual(['connack']);
      }
      expect(hub.protocol.counters()).toMatchObject({ failed: 1, acknowledged: 0, held: 0 });
    });

    it('that holds nothing useful is acknowledged once its rejection is kept', async () => {
      const hub = await startMqttHub({ held: true });
      const client = await signedIn(hub.port, 'pump', { protocolVersion });
      client.send(publishPacket(TOPIC, qos, 5, '{'));
      await waitUntil(() => hub.waiting.length === 1, 'the report arrived');
      hub.waiting[0]?.store({ accepted: 0, rejectedCount: 1, rejected: [{ code: 'undecodable', step: 'decode', reason: 'no JSON', point: null }] });
      const answer = await client.packet(ANSWER[qos]);
      if (protocolVersion === 5) expect(answer).toMatchObject({ reasonCode: 0x99, properties: { reasonString: 'undecodable: no JSON' } });
      else expect(answer.messageId).toBe(5);
    });
  });

  it('a QoS 2 message that is sent again before its release is stored once', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump', { protocolVersion });
    client.send(publishPacket(TOPIC, 2, 3));
    await client.packet('pubrec');
    client.send(publishPacket(TOPIC, 2, 3, '{"t":1}', { dup: true }));
    await client.packet('pubrec', 1);
    expect(hub.messages).toHaveLength(1);
    client.send({ cmd: 'pubrel', messageId: 3 });
    await client.packet('pubcomp');
    client.send(publishPacket(TOPIC, 2, 3));
    await client.packet('pubrec', 2);
    expect(hub.messages).toHaveLength(2);
  });

  it('a QoS 2 message after its release is a new one for a lasting session, though it is called a duplicate: its first copy was lost', async () => {
    const hub = await startMqttHub();
    const client = await signedIn(hub.port, 'pump', { protocolVersion, clean: false, properties: { sessionExpiryInterval: 60 } });
    for (const dup of [false, true]) {
      client.send(publishPacket(TOPIC, 2, 3, '{"t":1}', { dup }));
      await client.packet('pubrec', dup ? 1 : 0);
      client.send({ cmd: 'pubrel', messageId: 3 });
      await client.packet('pubcomp', dup ? 1 : 0);
    }
    expect(hub.messages.map(({ origin }) => origin)).toEqual([undefined, undefined]);
    client.send(publishPacket(TOPIC, 1, 3, '{"t":1}', { dup: true }));
    await client.packet('puback');
    expect(hub.messages[2]?.origin).toEqual({ sender: expect.any(String), id: 3, mayBeRepeat: true });
  });

  it('a QoS 2 message that is sent again over a new connection while the first is being stored is stored once', async () => {
    const hub = await startMqttHub({ held: true });
    const lasting = { protocolVersion, clean: false, ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}) };
    const first = await signedIn(hub.port, 'pump', lasting);
    first.send(publishPacket(TOPIC, 2, 11));
    await waitUntil(() => hub.waiting.length === 1, 'the report arrived');
    first.socket.destroy();
    const second = await signedIn(hub.port, 'pump', lasting);
    second.send(publishPacket(TOPIC, 2, 11, '{"t":1}', { dup: true }), { cmd: 'pingreq' });
    await second.packet('pingresp');
    expect(second.received.map(({ cmd }) => cmd)).not.toContain('pubrec');
    hub.waiting[0]?.store();
    expect((await second.packet('pubrec')).messageId).toBe(11);
    expect(hub.messages).toHaveLength(1);
  });

  it('a message identifier that a clean start uses again is a new message', async () => {
    const hub = await startMqttHub();
    const first = await signedIn(hub.port, 'pump', { protocolVersion });
    first.send(publishPacket(TOPIC, 2, 21));
    await first.packet('pubrec');
    first.socket.destroy();
    const second = await signedIn(hub.port, 'pump', { protocolVersion });
    second.send(publishPacket(TOPIC, 2, 21));
    await second.packet('pubrec');
    expect(hub.messages).toHaveLength(2);
  });

  it('draining waits for what is held, acknowledges it, and takes nothing new', async () => {
    const hub = await startMqttHub({ held: true });
    const client = await signedIn(hub.port, 'pump', { protocolVersion });
    client.send(publishPacket(TOPIC, 1, 1));
    await waitUntil(() => hub.waiting.length === 1, 'the report arrived');
    let drained = false;
    const drain = hub.protocol.drain().then(() => {
      drained = true;
    });
    client.send(publishPacket(TOPIC, 1, 2));
    await settle();
    expect(drained).toBe(false);
    hub.waiting[0]?.store();
    await drain;
    expect((await client.packet('puback')).messageId).toBe(1);
    await hub.protocol.stop();
    if (protocolVersion === 5) expect((await client.packet('disconnect')).reasonCode).toBe(0x8b);
    await client.closed();
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toHaveLength(1);
    expect(hub.messages).toHaveLength(1);
  });
});

describe('the in-flight window', () => {
  it('cuts an MQTT 5 client that goes beyond it', async () => {
    const hub = await startMqttHub({ held: true, settings: { 'mqtt.receive-maximum': 3 } });
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    expect((await client.packet('connack')).properties).toMatchObject({ receiveMaximum: 3 });
    for (let id = 1; id <= 4; id++) client.send(publishPacket(TOPIC, 1, id));
    expect((await client.packet('disconnect')).reasonCode).toBe(0x93);
    await client.closed();
  });

  it('counts a QoS 2 message of MQTT 5 until it is complete', async () => {
    const hub = await startMqttHub({ settings: { 'mqtt.receive-maximum': 2 } });
    const client = await signedIn(hub.port, 'pump', { protocolVersion: 5 });
    client.send(publishPacket(TOPIC, 2, 1), publishPacket(TOPIC, 2, 2));
    await client.packet('pubrec', 1);
    client.send({ cmd: 'pubrel', messageId: 1 });
    await client.packet('pubcomp');
    client.send(publishPacket(TOPIC, 2, 3));
    await client.packet('pubrec', 2);
    client.send(publishPacket(TOPIC, 2, 4));
    expect((await client.packet('disconnect')).reasonCode).toBe(0x93);
  });

  it.each([
    ['MQTT 3.1.1 with QoS 1', 4, 1],
    ['MQTT 3.1.1 with QoS 0', 4, 0],
    ['MQTT 5 with QoS 0', 5, 0],
  ] as const)('stops reading: %s', async (_name, protocolVersion, qos) => {
    const hub = await startMqttHub({ held: true, settings: { 'mqtt.receive-maximum': 10 } });
    const client = await signedIn(hub.port, 'pump', { protocolVersion });
    const total = 500;
    client.send(...Array.from({ length: total }, (_, index) => publishPacket(TOPIC, qos, index + 1, `{"t":${index}}`)));
    await waitUntil(() => hub.waiting.length >= 10, 'the window is full');
    await settle();
    // MQTT 5 may be one window further, to find out who exceeds it.
    expect(hub.waiting.length).toBeLessThanOrEqual(protocolVersion === 5 ? 20 : 10);
    for (let next = 0; next < total; next++) {
      await waitUntil(() => hub.waiting.length > next, `message ${next} of ${total}`);
      hub.waiting[next]?.store();
    }
    if (qos === 1) await client.packet('puback', total - 1);
    expect(hub.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual(Array.from({ length: total }, (_, index) => `{"t":${index}}`));
  });

  it('loses nothing of a client that sends QoS 0 and leaves', async () => {
    const hub = await startMqttHub({ held: true, settings: { 'mqtt.receive-maximum': 5 } });
    const client = await signedIn(hub.port, 'pump');
    client.send(...Array.from({ length: 50 }, () => publishPacket(TOPIC, 0, 0)), { cmd: 'disconnect' });
    client.socket.end();
    for (let next = 0; next < 50; next++) {
      await waitUntil(() => hub.waiting.length > next, `message ${next} of 50`);
      hub.waiting[next]?.store();
    }
  });
});
