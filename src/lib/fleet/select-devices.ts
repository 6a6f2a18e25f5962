import type { ProjectId } from '../domain/ids.ts';
import { type Selector, selectorMatcher } from '../domain/selector.ts';
import type { DeviceEntry, Directory } from './directory.ts';
import { createTurns } from './turns.ts';

/** Devices between two looks at the clock: a selector with a thousand patterns takes some ms for them. */
const LOOK_EVERY = 32;

/** The devices of a project that fit, by id, from the one behind `after` on; at most `limit`. Others have their turn meanwhile. */
export async function selectDevices(
  directory: Pick<Directory, 'sortedDevices' | 'groupsOf'>,
  project: ProjectId,
  selector: Selector,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly DeviceEntry[]> {
  const fits = selectorMatcher(selector, (device) => directory.groupsOf(device));
  const found: DeviceEntry[] = [];
  const turns = createTurns();
  let looked = 0;
  for (const entry of directory.sortedDevices(project, after)) {
    if (++looked % LOOK_EVERY === 0 && turns.isOver()) await turns.next();
    if (entry.closing || !fits(entry.device)) continue;
    found.push(entry);
    if (found.length >= limit) break;
  }
  return found;
}
