import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ReadDatabase, systemFile } from '../../../../src/lib/storage/system/database.ts';
import { readFleet } from '../../../../src/lib/storage/system/read-fleet.ts';
import { aDevice, aProject } from '../../../helpers/fleet.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

/** Says that there are many devices, so that a thread reads them. */
const MANY: ReadDatabase = { all: () => [], each: () => [], get: <Row>() => ({}) as Row, close: () => undefined };

describe('the thread that reads a large fleet', () => {
  async function read(file: string): Promise<number> {
    const fleet = readFleet(file, MANY);
    onTestFinished(() => fleet.close());
    let devices = 0;
    for await (const piece of fleet.pieces) devices += piece.devices.length;
    return devices;
  }

  it('ends the reading with an error when it cannot open the database', async () => {
    await expect(read(join(temporaryFolder(), 'none.db'))).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('ends the reading with an error when the database is damaged in the middle', async () => {
    const folder = temporaryFolder();
    const system = await startedSystemStore(folder);
    const devices = Array.from({ length: 9_000 }, (_, at) => aDevice(`meter-${String(at).padStart(6, '0')}`, { labels: { site: 'x'.repeat(100) } }));
    await system.log.commit({ statements: [system.projects.insert(aProject()), ...devices.map((device) => system.devices.insert(device))] });
    await system.stop();
    const file = systemFile(folder);
    await expect(read(file)).resolves.toBe(devices.length);
    const damaged = await open(file, 'r+');
    const { size } = await damaged.stat();
    // All but the first pages, which say what tables there are.
    await damaged.write(Buffer.alloc(size / 2, 0xa5), 0, size / 2, size / 2);
    await damaged.close();
    await expect(read(file)).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('can be left in the middle', async () => {
    const folder = temporaryFolder();
    const system = await startedSystemStore(folder);
    const devices = Array.from({ length: 6_001 }, (_, at) => aDevice(`meter-${String(at).padStart(6, '0')}`));
    await system.log.commit({ statements: [system.projects.insert(aProject()), ...devices.map((device) => system.devices.insert(device))] });
    const fleet = readFleet(systemFile(folder), MANY);
    for await (const { devices: first } of fleet.pieces) {
      expect(first).toHaveLength(1_000);
      break;
    }
    await fleet.close();
    await fleet.close();
  });
});
