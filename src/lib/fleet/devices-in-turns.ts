import type { ProjectId } from '../domain/ids.ts';
import type { DeviceEntry, Directory } from './directory.ts';
import { createTurns } from './turns.ts';

/** Devices between two looks at the clock. */
const LOOK_EVERY = 32;

/** The devices of a project by id, those behind `after`. To look at each may mean to read it first, so others have their turn meanwhile: each is still there when it is met. */
export async function* devicesInTurns(
  directory: Pick<Directory, 'sortedDevices' | 'device'>,
  project: ProjectId,
  after?: string,
): AsyncGenerator<DeviceEntry, void, undefined> {
  const turns = createTurns();
  let looked = 0;
  for (const entry of directory.sortedDevices(project, after)) {
    if (++looked % LOOK_EVERY === 0 && turns.isOver()) {
      await turns.next();
      if (directory.device(entry.id) !== entry) continue;
    }
    yield entry;
  }
}
