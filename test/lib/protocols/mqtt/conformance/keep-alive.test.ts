import { describe, expect } from 'vitest';
import { conformance, time } from '../../../../helpers/conformance.ts';
import { byte, publish } from '../../../../helpers/mqtt-packets.ts';
import { BOTH } from './versions.ts';

const it = conformance();

describe.concurrent.each(BOTH)('Keep-alive in %s', (_name, version) => {
  it('of a second ends a silent connection after one and a half, not before the second is over [MQTT-3.1.2-24]', async ({ wire }) => {
    const client = await wire.connect(version, { keepAlive: 1 });
    const connected = Date.now();
    await client.closed(10_000);
    expect(Date.now() - connected).toBeGreaterThan(1_000);
    await client.refused(0x8d);
  });

  it('is met by PINGREQ', async ({ wire }) => {
    const client = await wire.connect(version, { keepAlive: 1 });
    for (let round = 0; round < 6; round++) {
      await time(500);
      await client.ping();
    }
  });

  it('is met by any packet', async ({ wire }) => {
    const client = await wire.connect(version, { keepAlive: 1 });
    for (let round = 0; round < 6; round++) {
      await time(500);
      client.send(publish(wire.topic(), { payload: 'x' }));
    }
    await client.ping();
  });

  it('is not met by what the server sends', async ({ wire }) => {
    const client = await wire.connect(version, { keepAlive: 1 });
    await client.subscribe(wire.topic());
    const sender = await wire.connect(version);
    const started = Date.now();
    while (!client.isClosed && Date.now() - started < 8_000) {
      sender.send(publish(wire.topic(), { payload: 'x' }));
      await time(200);
    }
    expect(client.isClosed).toBe(true);
  });

  it('is not met by half a packet that never ends', async ({ wire }) => {
    const client = await wire.connect(version, { keepAlive: 1 });
    client.send(byte(0x30, 100, 0, 1, 0x61));
    await client.closed(10_000);
  });

  it.for([
    ['0, which is none', 0],
    ['the longest', 65_535],
  ] as const)('of %s leaves a silent connection alone', async ([, keepAlive], { wire }) => {
    const client = await wire.connect(version, { keepAlive });
    await time(3_000);
    await client.ping();
  });
});
