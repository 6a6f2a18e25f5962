import { PassThrough } from 'node:stream';
import { Aedes } from 'aedes';
import { expect, it, onTestFinished } from 'vitest';
import type { AedesBroker } from '../../../../src/lib/protocols/mqtt/aedes-client.ts';

it('aedes still has the parts that the adapter reads and replaces', async () => {
  const broker = new Aedes() as unknown as AedesBroker;
  await broker.listen();
  onTestFinished(() => new Promise<void>((resolve) => broker.close(resolve)));
  expect(broker).toMatchObject({
    clients: {},
    unregisterClient: expect.any(Function),
    scheduleSessionExpiry: expect.any(Function),
    publish: expect.any(Function),
  });
  const conn = new PassThrough();
  const client = broker.handle(conn);
  conn.on('error', () => {});
  onTestFinished(() => void conn.destroy());
  expect(client).toMatchObject({
    subscriptions: {},
    duplicates: {},
    deliver0: expect.any(Function),
    deliverQoS: expect.any(Function),
    _will: null,
    _parsingBatch: 1,
    _nextBatch: expect.any(Function),
    sessionExpiryInterval: 0,
    connackSent: false,
    closed: false,
    disconnect: expect.any(Function),
  });
  expect(client._parser).toMatchObject({ parse: expect.any(Function) });
  // Our listener stands in front of aedes' own, which reads with read(null).
  expect(conn.listeners('readable')).toContain(client._nextBatch);
  expect(client._nextBatch.toString()).toContain('conn.read(null)');
});
