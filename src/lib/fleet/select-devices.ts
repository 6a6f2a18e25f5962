import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProjectId } from '../domain/ids.ts';
import { type Selector, selectorMatcher } from '../domain/selector.ts';
import type { DeviceEntry, Directory } from './directory.ts';

/** Devices that are looked at in one turn of the event loop: some ms. */
const TURN = 2_000;

/** The devices of a project that fit, by id, from the one behind `after` on; at most `limit`. Others have their turn meanwhile. */
export async function selectDevices(
  directory: Pick<Directory, 'sortedDevices' | 'groupsOf'>,
  project: ProjectId,
  selector: Selector,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly DeviceEntry[]> {
  const fits = selectorMatcher(selector, (device) => directory.groupsOf(device));
  const found: DeviceEntry[] = [];
  let looked = 0;
  for (const entry of directory.sortedDevices(project, after)) {
    if (++looked % TURN === 0) await nextTurn();
    if (entry.closing || !fits(entry.device)) continue;
    found.push(entry);
    if (found.length >= limit) break;
  }
  return found;
}
