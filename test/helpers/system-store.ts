import { onTestFinished } from 'vitest';
import { createSystemStore, type EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { SILENT_LOG } from './silent-log.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A real system store in a directory of its own, closed after the test. */
export async function startedSystemStore(folder = temporaryFolder(), log = SILENT_LOG): Promise<EmbeddedSystemStore> {
  const system = createSystemStore({ folder, queueMax: 10_000, journalBytesMax: 1e9, repeatWindowMs: 600_000, log });
  await system.start();
  onTestFinished(() => system.stop());
  return system;
}
