import type { GroupTrend, GroupTrendQuery } from '../api/schema/groups.ts';
import type { HubClient } from '../client/hub-client.ts';
import { allWindows } from './buckets.ts';

/** Of one question: what the hub has to hold at once. */
const BUCKETS_PER_QUESTION = 2_000;

/** A group's buckets by time. Those of whole days begin at local midnight, also when the clock changes in one. `everyMs` null: one bucket, from the beginning. */
export async function groupBuckets(
  hub: Pick<HubClient, 'groups'>,
  query: GroupTrendQuery & { readonly from: number; readonly to: number },
  { everyMs, timezone }: { readonly everyMs: number | null; readonly timezone: string },
): Promise<GroupTrend['items']> {
  if (everyMs === null) return (await hub.groups.trend(query)).items;
  const items: GroupTrend['items'] = [];
  for (const window of allWindows({ from: query.from, to: query.to, everyMs, timezone }, BUCKETS_PER_QUESTION)) {
    const { everyMs: width, originMs, from, to } = window;
    const answer = await hub.groups.trend({ ...query, from, to, ...(width === null ? {} : { everyMs: width, originMs }) });
    // The answer to a single bucket says where the range begins, which may be within it.
    items.push(...(width === null ? answer.items.map((item) => ({ ...item, time: originMs })) : answer.items));
  }
  return items;
}
