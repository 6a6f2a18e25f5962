import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import type { ChannelId } from '../../../src/lib/domain/ids.ts';
import { anOutboxEntry } from '../../helpers/alarming.ts';
import { fakeServer } from '../../helpers/fake-server.ts';
import { PROJECT, startNotifying } from '../../helpers/notifying.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

it('a hub that finds thirty thousand changes waiting starts with them, tells them together, and goes on', async () => {
  const receiver = await fakeServer((_, response) => void response.writeHead(200).end());
  const system = await startedSystemStore();
  const first = await startNotifying({ system });
  await first.webhook('ops', receiver.url);
  await first.route('all', ['ops'], { groupBy: ['rule'], groupWait: '0s' });
  await first.notifications.stop();
  const content = {
    rule: 'r',
    device: 'd',
    point: 'p',
    group: null,
    level: 'hi',
    value: 1,
    message: 'm'.repeat(100),
    explanation: 'e'.repeat(100),
    labels: {},
    time: 1,
  };
  for (let chunk = 0; chunk < 6; chunk += 1) {
    const entries = Array.from({ length: 5_000 }, () => anOutboxEntry(uuidv7(), { channel: 'ops' as ChannelId, groupKey: '["all","r"]', content }));
    await system.log.commit({ statements: [system.alarming.outbox.insert(entries)] });
  }
  const began = performance.now();
  const hub = await startNotifying({ system });
  const startedMs = performance.now() - began;
  expect(startedMs).toBeLessThan(10_000);
  await waitUntil(() => hub.notifications.counts().waiting === 0, 'all are told', 60_000);
  expect(hub.notifications.counts()).toMatchObject({ delivered: 30_000, failed: 0, dropped: 0 });
  expect(receiver.requests.length).toBeLessThan(20);
  for (const { body } of receiver.requests) expect(body.length).toBeLessThan(200_000);
  await hub.notifications.stop();
  expect((await system.alarming.outbox.list({ project: PROJECT, states: ['waiting'] }, { limit: 10 })).items).toEqual([]);
}, 120_000);
