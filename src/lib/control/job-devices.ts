import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { parseSelector, selectorMatcher } from '../domain/selector.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';

/** Devices that are looked at before others get their turn of the event loop. */
const MATCHED_MAX = 2_000;

/** Those that fit the selector and may be asked, by their id. Throws invalid. */
export async function devicesToAsk(directory: Directory, project: ProjectId, text: string): Promise<DeviceId[]> {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new MusterError('invalid', parsed.reason, { details: { field: 'selector' } });
  const matches = selectorMatcher(parsed.selector, (device) => directory.groupsOf(device));
  const ids: DeviceId[] = [];
  let looked = 0;
  for (const { device } of directory.sortedDevices(project)) {
    if (device.state !== 'disabled' && device.state !== 'retired' && matches(device)) ids.push(device.id);
    looked += 1;
    if (looked % MATCHED_MAX === 0) await nextTurn();
  }
  return ids;
}
