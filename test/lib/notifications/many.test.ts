import { uuidv7 } from 'uuidv7';
import { expect, it, onTestFinished } from 'vitest';
import type { ChannelId } from '../../../src/lib/domain/ids.ts';
import { createEventRecorder } from '../../../src/lib/events/event-recorder.ts';
import { anEvent, anOutboxEntry } from '../../helpers/alarming.ts';
import { fakeServer } from '../../helpers/fake-server.ts';
import { PROJECT, startNotifying } from '../../helpers/notifying.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
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

it('a storm of other events, as when a fleet connects again, does not keep an alarm from being told', async () => {
  const receiver = await fakeServer((_, response) => void response.writeHead(200).end());
  const hub = await startNotifying();
  await hub.webhook('ops', receiver.url);
  await hub.route('all', ['ops']);
  let committed = 0;
  const recorder = createEventRecorder({
    ...{ storage: hub.system.alarming.events, commits: hub.system.log, clock: Date.now, closed: () => null, waitingMax: 50_000, log: SILENT_LOG },
    onCommitted: (events) => {
      committed += events.length;
    },
  });
  onTestFinished(() => recorder.stop());
  let recorded = 0;
  const told: Promise<unknown>[] = [];
  // 2,000 a second for two seconds, and ten alarms among them.
  for (let tick = 0; tick < 20; tick += 1) {
    for (let index = 0; index < 200; index += 1, recorded += 1)
      recorder.record(anEvent('', { kind: 'device.connected', text: `d${recorded} connected over mqtt` }));
    if (tick % 2 === 0) told.push(hub.raise(`b${tick}`));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await Promise.all(told);
  await waitUntil(() => receiver.requests.length === 10, 'all alarms are told');
  await waitUntil(() => committed === recorded, 'all events are on disk');
  expect([recorder.dropped, recorder.waiting]).toEqual([0, 0]);
}, 30_000);
