import type { ProjectId, SeriesId } from '../../src/lib/domain/ids.ts';
import { createChangeOrder } from '../../src/lib/fleet/change-order.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { createFleet, type Fleet, type FleetPorts } from '../../src/lib/fleet/fleet.ts';
import { createGroups, type GroupsPorts } from '../../src/lib/fleet/groups/create-groups.ts';
import type { GroupNews, Groups } from '../../src/lib/fleet/groups/groups.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { aProject } from './fleet.ts';
import { startedSystemStore } from './system-store.ts';

export interface StartedFleet {
  readonly system: EmbeddedSystemStore;
  readonly directory: Directory;
  readonly fleet: Fleet;
  readonly groups: Groups;
  readonly news: GroupNews[];
  readonly project: ProjectId;
  /** What others heard, in order: `changed b1`, `closed b1`, `series 2`. */
  readonly heard: string[];
}

/** The fleet of the projects `default` and `other` on a real database, without ingest. */
export async function startedFleet(
  limits: Partial<Pick<FleetPorts, 'devicesMax' | 'pointsPerDeviceMax' | 'pointsPerProjectMax'> & Pick<GroupsPorts, 'groupsMax' | 'triedSelectorsMax'>> = {},
): Promise<StartedFleet> {
  const system = await startedSystemStore();
  await system.log.commit({ statements: [system.projects.insert(aProject()), system.projects.insert(aProject('other'))] });
  const directory = new Directory();
  const heard: string[] = [];
  let series = 0;
  let now = 1_763_785_200_000;
  const order = createChangeOrder();
  const clock = () => ++now;
  const fleet = createFleet({
    system,
    directory,
    clock,
    order,
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
  const news: GroupNews[] = [];
  const groups = createGroups({
    ...{ system, directory, order, clock, groupsMax: 100_000, triedSelectorsMax: 100 },
    ...limits,
    onDeviceChanged: (device) => heard.push(`changed ${device}`),
    onChanged: (each) => news.push(each),
  });
  return { system, directory, fleet, groups, news, project: 'default' as ProjectId, heard };
}
