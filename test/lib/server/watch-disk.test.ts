import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Log } from '../../../src/lib/domain/log.ts';
import { watchDisk } from '../../../src/lib/server/watch-disk.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

async function watched(free: () => number, freeBytesMin: number) {
  const lines: string[] = [];
  const write = (_fields: unknown, text: string) => void lines.push(text);
  const log = { ...SILENT_LOG, info: write, warn: write, error: write } as Log;
  const disk = await watchDisk({ folders: [temporaryFolder()], freeBytesMin, log, freeBytesOf: async () => free(), everyMs: 5 });
  onTestFinished(() => disk.stop());
  return { disk, lines };
}

it('refuses below the floor, and goes on by itself once there is a tenth more than that', async () => {
  let free = 1000;
  const { disk, lines } = await watched(() => free, 1000);
  let told = 0;
  disk.onFull(() => (told += 1));
  expect(disk.refusal()).toBeNull();
  free = 999;
  await waitUntil(() => disk.refusal() !== null, 'the disk is full');
  expect(disk.refusal()).toMatchObject({ code: 'disk_full', status: 507, details: { retryAfterMs: 10_000 } });
  expect(told).toBe(1);
  free = 1099;
  await waitUntil(() => disk.freeBytes === 1099, 'it looked again');
  expect(disk.refusal()).not.toBeNull();
  free = 1100;
  await waitUntil(() => disk.refusal() === null, 'there is room again');
  expect(lines).toEqual([expect.stringContaining('nearly full'), expect.stringContaining('room on the disk again')]);
});

it('asks for no more than 16 MiB above a large floor', async () => {
  let free = 1e9;
  const { disk } = await watched(() => free, 2e9);
  expect(disk.refusal()).not.toBeNull();
  free = 2e9 + 16 * 2 ** 20;
  await waitUntil(() => disk.refusal() === null, 'there is room again');
});

it.each([
  ['a large disk', 100 * 2 ** 30, 256 * 2 ** 20],
  ['a small one', 64 * 2 ** 20, Math.floor(6.4 * 2 ** 20)],
])('has, unless told otherwise, a floor that leaves most of it to %s', async (_what, total, floor) => {
  for (const [free, isFull] of [
    [floor, false],
    [floor - 1, true],
  ] as const) {
    const disk = await watchDisk({
      folders: [temporaryFolder()],
      freeBytesMin: null,
      log: SILENT_LOG,
      freeBytesOf: async () => free,
      totalBytesOf: async () => total,
    });
    onTestFinished(() => disk.stop());
    expect(disk.refusal() !== null).toBe(isFull);
  }
});

it('knows of a full disk from the beginning', async () => {
  const { disk } = await watched(() => 5, 10);
  expect(disk.refusal()).toMatchObject({ code: 'disk_full' });
});

it('lets everything pass while the system does not say, and says so once', async () => {
  let broken = false;
  let looks = 0;
  const { disk, lines } = await watched(() => {
    looks += 1;
    if (broken) throw new Error('no answer');
    return 100;
  }, 10);
  broken = true;
  const before = looks;
  await waitUntil(() => looks > before + 3, 'it looked several times');
  expect(disk.freeBytes).toBeNull();
  expect(disk.refusal()).toBeNull();
  expect(lines).toHaveLength(1);
});

it('asks the system itself, once for folders on the same disk', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'tmp'));
  const disk = await watchDisk({ folders: [folder, join(folder, 'tmp')], freeBytesMin: 0, log: SILENT_LOG });
  onTestFinished(() => disk.stop());
  expect(disk.freeBytes).toBeGreaterThan(0);
  expect(disk.refusal()).toBeNull();
});
