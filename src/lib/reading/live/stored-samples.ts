import { setMaxListeners } from 'node:events';
import type { SampleItem } from '../../api/schema/samples.ts';
import type { HubClient } from '../../client/hub-client.ts';

export interface SampleFilter {
  readonly device?: readonly string[] | undefined;
  readonly point?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
  readonly group?: readonly string[] | undefined;
  readonly selector?: string | undefined;
  readonly kind?: readonly string[] | undefined;
}

/** Each device is a list of its own in the API; with more of them than this they are read one after another. */
export const MERGED_DEVICES_MAX = 100;

/** Devices with the points that match, in the order of their names. */
export async function matchingPoints(hub: HubClient, filter: SampleFilter, signal: AbortSignal): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const points = new Map<string, Set<string>>();
  for await (const { device, path } of hub.points.list(filter as Parameters<HubClient['points']['list']>[0], { signal })) {
    const paths = points.get(device);
    if (paths === undefined) points.set(device, new Set([path]));
    else paths.add(path);
  }
  return new Map([...points].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Stored samples of many devices from a time on: by time over all devices, or by device when there are very many. */
export async function* storedSamples(hub: HubClient, filter: SampleFilter, from: number, signal: AbortSignal): AsyncGenerator<SampleItem> {
  const points = await matchingPoints(hub, filter, signal);
  // A signal of its own, to which each device's request may listen at once: no leak.
  const reading = AbortSignal.any([signal]);
  setMaxListeners(MERGED_DEVICES_MAX + 1, reading);
  const sources = [...points].map(([device, paths]) => matching(hub.samples(device, { point: pointsAsked(filter), from }, { signal: reading }), paths));
  if (sources.length <= MERGED_DEVICES_MAX) yield* mergeByTime(sources);
  else for (const source of sources) yield* source;
}

function pointsAsked(filter: SampleFilter): string[] {
  return filter.point !== undefined && filter.point.length > 0 ? [...filter.point] : ['*'];
}

/** The route filters on the path; the kind is known by the list of points. */
async function* matching(samples: AsyncIterable<SampleItem>, paths: ReadonlySet<string>): AsyncGenerator<SampleItem> {
  for await (const sample of samples) if (paths.has(sample.point)) yield sample;
}

/** Several lists, each by time, as one by time; equal times in the order of the lists. */
export async function* mergeByTime(sources: readonly AsyncGenerator<SampleItem>[]): AsyncGenerator<SampleItem> {
  try {
    const heads: { readonly source: AsyncGenerator<SampleItem>; sample: SampleItem }[] = [];
    const firsts = await Promise.all(sources.map((source) => source.next()));
    sources.forEach((source, index) => {
      const first = firsts[index];
      if (first !== undefined && first.done !== true) heads.push({ source, sample: first.value });
    });
    for (;;) {
      const head = heads.reduce<(typeof heads)[number] | undefined>(
        (best, one) => (best === undefined || one.sample.time < best.sample.time ? one : best),
        undefined,
      );
      if (head === undefined) return;
      yield head.sample;
      const next = await head.source.next();
      if (next.done === true) heads.splice(heads.indexOf(head), 1);
      else head.sample = next.value;
    }
  } finally {
    // Ended early: the pages under way are no longer wanted.
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}
