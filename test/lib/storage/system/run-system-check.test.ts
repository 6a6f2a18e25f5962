import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemFile } from '../../../../src/lib/storage/system/database.ts';
import { runSystemCheck } from '../../../../src/lib/storage/system/run-system-check.ts';
import { aDevice, aProject } from '../../../helpers/fleet.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

it('a check that takes too long is ended in the middle of a statement, and the hub goes on', async () => {
  const folder = temporaryFolder();
  const system = await startedSystemStore(folder);
  const devices = Array.from({ length: 20_000 }, (_, at) => aDevice(`meter-${at}`, { labels: { site: 'x'.repeat(500) }, aliases: { serial: String(at) } }));
  await system.log.commit({ statements: [system.projects.insert(aProject()), ...devices.map((device) => system.devices.insert(device))] });
  const file = systemFile(folder);
  const began = performance.now();
  const whole = await runSystemCheck(file);
  const tookMs = performance.now() - began;
  expect(whole).toMatchObject({ problems: [], complete: true });
  // Wherever it is: most of the time is one statement.
  for (const part of [0.3, 0.5, 0.7, 0.8]) expect((await runSystemCheck(file, part * tookMs)).problems).toEqual([]);
  expect(await runSystemCheck(file, 0)).toMatchObject({ complete: false });
});

it('says why nothing could be checked', async () => {
  const file = join(temporaryFolder(), 'system.db');
  await expect(runSystemCheck(file)).rejects.toMatchObject({ code: 'storage_failed' });
  writeFileSync(file, 'no database');
  expect((await runSystemCheck(file)).problems.join()).toMatch(/not a database|cannot be read/);
});
