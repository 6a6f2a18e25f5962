import type { HubClient } from '../client/hub-client.ts';
import type { Aggregate } from '../domain/aggregate.ts';
import { formatAge } from '../domain/duration.ts';
import { isoInZone } from '../domain/time-zone.ts';
import { MusterError } from '../errors/muster-error.ts';

/** What can be made of text and JSON too. */
const FOR_ANY_VALUE: ReadonlySet<Aggregate> = new Set(['count', 'first', 'last']);

/** Why a range of a device's points holds nothing, and where there is something. Throws `not_found` when no such point exists. */
export async function explainEmptyRange(
  hub: HubClient,
  device: string,
  points: readonly string[],
  range: {
    readonly from: number;
    readonly to: number;
    readonly timezone: string;
    readonly now: number;
    readonly aggregate?: Aggregate | undefined;
    /** Samples were chosen by their numbers. */
    readonly chosen?: boolean;
  },
): Promise<string> {
  const { id } = await hub.devices.show(device);
  let newest: { time: number; path: string } | null = null;
  let found = 0;
  let countable = 0;
  for await (const { path, latest, valueType } of hub.points.list({ device: id, point: [...points] })) {
    found += 1;
    if (valueType === 'number' || valueType === 'boolean') countable += 1;
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
  const { from, to, timezone, now, aggregate } = range;
  if (aggregate !== undefined && countable === 0 && !FOR_ANY_VALUE.has(aggregate)) {
    return `${points.join(', ')} holds no numbers: ${aggregate} cannot be taken of it. Use ${[...FOR_ANY_VALUE].join(', ')}, or leave --aggregate and --every out.`;
  }
  if (range.chosen === true && countable === 0) return `${points.join(', ')} holds no numbers to choose samples by. Leave --points out.`;
  const nothing = `No samples from ${isoInZone(from, timezone)} to ${isoInZone(to, timezone)}.`;
  if (newest === null) return `${nothing} There never was one.`;
  return `${nothing} The newest is ${newest.path} at ${isoInZone(newest.time, timezone)} (${newest.time > now ? 'in the future' : `${formatAge(now - newest.time)} ago`}).`;
}
