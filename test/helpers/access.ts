import { type Access, createAccess } from '../../src/lib/access/create-access.ts';
import { defaultSettings } from '../../src/lib/config/settings.ts';
import type { Device } from '../../src/lib/domain/device.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { aDevice, aProject } from './fleet.ts';
import { SILENT_LOG } from './silent-log.ts';
import { startedSystemStore } from './system-store.ts';
import { type TestClock, testClock } from './test-clock.ts';

export interface TestAccess extends Access {
  readonly system: EmbeddedSystemStore;
  readonly directory: Directory;
  readonly clock: TestClock;
  /** Makes a device in the database and the directory, as the fleet does. */
  addDevice(id: string, more?: Partial<Device>): Promise<Device>;
}

/** All of access on a real system store with projects `default` and `other`. */
export async function startedAccess(): Promise<TestAccess> {
  const system = await startedSystemStore();
  const directory = new Directory();
  const clock = testClock();
  await system.log.commit({ statements: [system.projects.insert(aProject()), system.projects.insert(aProject('other'))] });
  return {
    ...createAccess({ system, directory, settings: defaultSettings(), clock, log: SILENT_LOG }),
    system,
    directory,
    clock,
    async addDevice(id, more) {
      const device = aDevice(id, more);
      await system.log.commit({ statements: [system.devices.insert(device)] });
      directory.putDevice(device);
      return device;
    },
  };
}
