import { formatAge } from '../cli/duration.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { isoInZone } from './time-zone.ts';

/** Why a range of a device's points holds nothing, and where there is something. Throws `not_found` when no such point exists. */
export async function explainEmptyRange(
  hub: HubClient,
  device: string,
  points: readonly string[],
  range: { readonly from: number; readonly to: number; readonly timezone: string; readonly now: number },
): Promise<string> {
  const { id } = await hub.devices.show(device);
  let newest: { time: number; path: string } | null = null;
  let found = 0;
  for await (const { path, latest } of hub.points.list({ device: id, point: [...points] })) {
    found += 1;
    if (latest !== null && latest.time > (newest?.time ?? Number.NEGATIVE_INFINITY)) newest = { time: latest.time, path };
  }
  if (found === 0) {
    const names: string[] = [];
    for await (const { path } of hub.points.list({ device: id }, { limit: 10 })) names.push(path);
    throw new MusterError('not_found', `${device} has no point ${points.join(', ')}.`, {
      hint:
        names.length === 0
          ? 'It has no points yet: nothing was ever reported.'
          : `Its points are ${names.join(', ')}${names.length === 10 ? ', ... (`muster point list`)' : ''}.`,
    });
  }
  const { from, to, timezone, now } = range;
  const nothing = `No samples from ${isoInZone(from, timezone)} to ${isoInZone(to, timezone)}.`;
  if (newest === null) return `${nothing} There never was one.`;
  return `${nothing} The newest is ${newest.path} at ${isoInZone(newest.time, timezone)} (${newest.time > now ? 'in the future' : `${formatAge(now - newest.time)} ago`}).`;
}
