import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../../src/lib/config/settings.ts';
import { startHub } from '../../../src/lib/server/hub.ts';
import { createCommitLog } from '../../../src/lib/storage/system/commit-log.ts';
import { apiOf } from '../../helpers/api.ts';
import { hubHere } from '../../helpers/hub-here.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { fillDisk, smallDisk } from '../../helpers/small-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const MEBIBYTE = 1024 * 1024;
const HOUR = 3_600_000;

const settings = (data: string): Partial<Settings> => ({ data, 'storage.free-disk-bytes-min': 0, 'storage.apply-interval-ms': HOUR });
const reports = (count: number, before: number) => Array.from({ length: count }, (_, i) => ({ ts: Date.now() - before - i * 1000, values: { x: i } }));

describe('a hub on a full disk', () => {
  it('answers from what can be read, says that the newest are missing, and has them again when there is room', async ({ skip }) => {
    const folder = smallDisk(64 * MEBIBYTE);
    if (folder === null) return skip('no file system may be mounted here');
    const hub = await hubHere(settings(join(folder, 'data')));
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/devices', { id: 'a' });
    await api('POST', '/devices/a/report', reports(1000, 0));
    expect((await api('GET', '/samples/count')).body.count).toBe(1000);
    for (let round = 1; round <= 10; round++) expect((await api('POST', '/devices/a/report', reports(1000, round * HOUR))).status).toBe(202);
    const ballast = fillDisk(folder, 0);
    for (const path of [
      '/samples/count',
      '/devices/a/samples?point=x&limit=2',
      '/devices/a/aggregate?point=x&aggregate=avg&from=0&to=9e12',
      '/export?format=csv',
    ]) {
      const { status, headers } = await api('GET', path);
      expect([status, headers.get('muster-incomplete')], path).toEqual([200, 'the newest are stored but cannot be read yet']);
    }
    expect((await api('GET', '/samples/count')).body.count).toBe(1000);
    rmSync(ballast);
    const { body, headers } = await api('GET', '/samples/count');
    expect([body.count, headers.get('muster-incomplete')]).toEqual([11_000, null]);
  }, 60_000);

  it('starts in the room that it had set aside, with broker changes that are not in their tables yet, and answers questions', async ({ skip }) => {
    const folder = smallDisk(96 * MEBIBYTE);
    if (folder === null) return skip('no file system may be mounted here');
    // Made elsewhere: what is deleted here is given back when its last user is gone, and nobody knows when.
    const data = temporaryFolder();
    const first = await hubHere(settings(data));
    const api = apiOf(first.url, first.token);
    await api('POST', '/devices', { id: 'a' });
    await api('POST', '/devices/a/report', reports(1000, 0));
    const reserve = join(data, 'reserve');
    await waitUntil(() => existsSync(reserve), 'room is set aside', 20_000);
    await first.stop();
    // What a killed hub leaves: its log of changes is as long as it may be.
    const killed = join(folder, 'killed');
    const commits = createCommitLog({ file: join(data, 'system.db'), queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 0, log: SILENT_LOG });
    await commits.start();
    for (let key = 1; key <= 70; key++) {
      const message = {
        key,
        topic: 't',
        payload: new Uint8Array(100_000),
        qos: 1,
        retain: false,
        properties: null,
        sender: null,
        arrivedAt: 1,
        expiresAt: null,
      } as const;
      await commits.commit({
        changes: [
          { kind: 'put-message', message },
          {
            kind: 'put-delivery',
            delivery: { session: 1, sequence: key, message: key, qos: 1, retain: false, subscriptionIdentifiers: [], packetId: null, released: false },
          },
        ],
      });
    }
    cpSync(data, killed, { recursive: true, filter: (source) => !source.endsWith('-shm') });
    await commits.stop();
    fillDisk(folder, 0);

    const second = await hubHere(settings(killed));
    expect(existsSync(join(killed, 'reserve'))).toBe(false);
    expect((await apiOf(second.url, second.token)('GET', '/samples/count')).body.count).toBe(1000);
  }, 60_000);

  it('starts with a few megabytes; without any it does, or says why it cannot', async ({ skip }) => {
    const folder = smallDisk(48 * MEBIBYTE);
    if (folder === null) return skip('no file system may be mounted here');
    const data = join(folder, 'data');
    const first = await hubHere(settings(data));
    await apiOf(first.url, first.token)('POST', '/devices', { id: 'a' });
    await apiOf(first.url, first.token)('POST', '/devices/a/report', reports(1000, 0));
    await first.stop();
    const ballast = fillDisk(folder, 0);
    // What an engine gives back when it closes may be enough for a start.
    const refusal = await startHub({ ...settings(data), 'http.port': 0, 'mqtt.port': null }, { log: SILENT_LOG }).then(
      async (hub) => void (await hub.stop()),
      (error: unknown) => error,
    );
    if (refusal !== undefined)
      expect(refusal).toMatchObject({ code: expect.stringMatching(/^(disk_full|storage_failed)$/), message: expect.stringMatching(/disk|space/) });
    rmSync(ballast);
    fillDisk(folder, 4 * MEBIBYTE);
    const second = await hubHere(settings(data));
    expect((await apiOf(second.url, second.token)('GET', '/samples/count')).body.count).toBe(1000);
  }, 60_000);
});
