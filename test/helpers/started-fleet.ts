import type { ProjectId, SeriesId } from '../../src/lib/domain/ids.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { createFleet, type Fleet, type FleetPorts } from '../../src/lib/fleet/fleet.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { aProject } from './fleet.ts';
import { startedSystemStore } from './system-store.ts';

export interface StartedFleet {
  readonly system: EmbeddedSystemStore;
  readonly directory: Directory;
  readonly fleet: Fleet;
  readonly project: ProjectId;
  /** What others heard, in order: `changed b1`, `closed b1`, `series 2`. */
  readonly heard: string[];
}

/** The fleet of the projects `default` and `other` on a real database, without ingest. */
export async function startedFleet(limits: Partial<Pick<FleetPorts, 'devicesMax' | 'pointsPerDeviceMax' | 'pointsPerProjectMax'>> = {}): Promise<StartedFleet> {
  const system = await startedSystemStore();
  await system.log.commit({ statements: [system.projects.insert(aProject()), system.projects.insert(aProject('other'))] });
  const directory = new Directory();
  const heard: string[] = [];
  let series = 0;
  let now = 1_763_785_200_000;
  const fleet = createFleet({
    system,
    directory,
    clock: () => ++now,
    devicesMax: 100_000,
    pointsPerDeviceMax: 10_000,
    pointsPerProjectMax: 1_000_000,
    ...limits,
    allocateSeries: () => ++series as SeriesId,
    settled: async () => undefined,
    onDeviceClosed: (device) => heard.push(`closed ${device}`),
    onDeviceChanged: (device) => heard.push(`changed ${device}`),
    onSeriesRemoved: (removed) => heard.push(`series ${removed.join(' ')}`),
  });
  return { system, directory, fleet, project: 'default' as ProjectId, heard };
}
