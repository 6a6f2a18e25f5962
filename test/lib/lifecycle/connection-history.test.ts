import { expect, onTestFinished, test } from 'vitest';
import type { DeviceId } from '../../../src/lib/domain/ids.ts';
import { createConnectionHistory } from '../../../src/lib/lifecycle/connection-history.ts';
import type { CommitLog } from '../../../src/lib/storage/commit-log.ts';
import type { EmbeddedSystemStore } from '../../../src/lib/storage/system/create-system-store.ts';
import { aDevice, aProject } from '../../helpers/fleet.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

const boiler = 'boiler' as DeviceId;
const connection = (id: string, device = boiler) => ({ id, device, protocol: 'mqtt', address: '10.0.0.1', client: `client-${id}` });
const FIRST_PAGE = { limit: 10, behind: null };

async function aHistory(
  options: { readonly keptMax?: number; readonly waitingMax?: number; readonly commits?: (log: CommitLog) => Pick<CommitLog, 'commit'> } = {},
) {
  const system = await startedSystemStore();
  await system.log.commit({ statements: [system.projects.insert(aProject()), ...['boiler', 'pump'].map((id) => system.devices.insert(aDevice(id)))] });
  return { system, history: historyOn(system, options) };
}

function historyOn(system: EmbeddedSystemStore, { keptMax = 50, waitingMax = 1_000, commits = (log: CommitLog) => log }: Parameters<typeof aHistory>[0] = {}) {
  const history = createConnectionHistory({
    storage: system.life.connections,
    commits: commits(system.log),
    clock: () => 9_000,
    keptMax,
    waitingMax,
    log: SILENT_LOG,
  });
  onTestFinished(() => history.stop());
  return history;
}

test('a connection is noted with its beginning, its end and the reason, newest first, page by page', async () => {
  const { history } = await aHistory();
  history.connected(connection('1'), 100);
  history.disconnected(connection('1'), 150, 'the client disconnected', 100);
  history.connected(connection('2'), 200);
  expect(await history.list(boiler, FIRST_PAGE)).toEqual([
    { ...connection('2'), startedAt: 200, endedAt: null, reason: null },
    { ...connection('1'), startedAt: 100, endedAt: 150, reason: 'the client disconnected' },
  ]);
  history.disconnected(connection('2'), 300, 'silent for too long', 200);
  const [newest] = await history.list(boiler, { limit: 1, behind: null });
  expect(newest).toMatchObject({ id: '2', endedAt: 300, reason: 'silent for too long' });
  expect(await history.list(boiler, { limit: 5, behind: newest ?? null })).toMatchObject([{ id: '1' }]);
});

test('each device keeps the newest, and another device keeps its own', async () => {
  const { history } = await aHistory({ keptMax: 3 });
  history.connected(connection('p', 'pump' as DeviceId), 1);
  for (let index = 0; index < 2_500; index += 1) {
    history.connected(connection(`${index}`), index);
    history.disconnected(connection(`${index}`), index + 1, 'gone', index);
  }
  expect((await history.list(boiler, FIRST_PAGE)).map(({ id }) => id)).toEqual(['2499', '2498', '2497']);
  expect(await history.list('pump' as DeviceId, FIRST_PAGE)).toMatchObject([{ id: 'p', endedAt: null }]);
});

test('what was open when the hub was killed ends when its device was last seen, and what ended before keeps its end', async () => {
  const { system, history } = await aHistory();
  history.connected(connection('1'), 100);
  history.disconnected(connection('1'), 150, 'gone', 100);
  history.connected(connection('2'), 200);
  history.connected(connection('3', 'pump' as DeviceId), 300);
  await history.stop();
  const status = { online: true, connectedAt: 200, lastSeenAt: 777, lastAddress: null, protocol: 'mqtt' };
  await system.log.commit({ statements: [system.devices.saveStatus(boiler, status)] });
  const next = historyOn(system);
  await next.start();
  expect(await next.list(boiler, FIRST_PAGE)).toMatchObject([
    { id: '2', endedAt: 777, reason: 'the hub ended unexpectedly' },
    { id: '1', endedAt: 150, reason: 'gone' },
  ]);
  expect(await next.list('pump' as DeviceId, FIRST_PAGE)).toMatchObject([{ id: '3', endedAt: 9_000 }]);
});

test('a device that is gone takes its history with it, and none of the others', async () => {
  const { system, history } = await aHistory();
  history.connected(connection('1'), 100);
  history.connected(connection('2', 'pump' as DeviceId), 100);
  await system.log.commit({ statements: system.devices.remove(boiler) });
  expect(await history.list(boiler, FIRST_PAGE)).toEqual([]);
  expect(await history.list('pump' as DeviceId, FIRST_PAGE)).toHaveLength(1);
  await system.log.commit({ statements: system.devices.remove('pump' as DeviceId) });
  expect(await history.list('pump' as DeviceId, FIRST_PAGE)).toEqual([]);
});

test('with too many on their way a beginning is counted as dropped, and comes with its end', async () => {
  const { history } = await aHistory({ waitingMax: 2 });
  for (const id of ['1', '2', '3']) history.connected(connection(id), 100);
  expect({ waiting: history.waiting, dropped: history.dropped }).toEqual({ waiting: 2, dropped: 1 });
  history.disconnected(connection('3'), 200, 'gone', 100);
  expect((await history.list(boiler, FIRST_PAGE)).map(({ id, endedAt }) => [id, endedAt])).toEqual([
    ['3', 200],
    ['2', null],
    ['1', null],
  ]);
});

test('what a disk does not take is written when it does, in its last state', async () => {
  let broken = true;
  const { history } = await aHistory({
    commits: (log) => ({ commit: (unit) => (broken ? Promise.reject(new Error('no disk')) : log.commit(unit)) }),
  });
  history.connected(connection('1'), 100);
  expect(await history.list(boiler, FIRST_PAGE)).toEqual([]);
  history.disconnected(connection('1'), 200, 'gone', 100);
  broken = false;
  expect(await history.list(boiler, FIRST_PAGE)).toMatchObject([{ id: '1', endedAt: 200 }]);
});

test('ten thousand devices that come back at once are written in some ten transactions', async () => {
  let commits = 0;
  const { history } = await aHistory({
    waitingMax: 50_000,
    commits: (log) => ({
      commit(unit) {
        commits += 1;
        return log.commit(unit);
      },
    }),
  });
  for (let index = 0; index < 10_000; index += 1) history.connected(connection(`${index}`), index);
  await history.stop();
  expect(commits).toBe(10);
  expect(history.waiting).toBe(0);
});
