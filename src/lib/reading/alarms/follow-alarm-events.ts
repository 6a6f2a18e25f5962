import type { EventItem, EventStreamQuery } from '../../api/schema/events.ts';
import { pause } from '../../cli/pause.ts';
import type { HubClient } from '../../client/hub-client.ts';
import type { FollowEvent } from '../live/follow.ts';
import { followEvents } from '../live/follow-events.ts';

/** What happens to alarms, each event once, over lost connections. `since`: stored ones from then on first, ms; null: only what is new. */
export function followAlarmEvents(
  hub: Pick<HubClient, 'events'>,
  filter: EventStreamQuery,
  options: { readonly since: number | null; readonly signal: AbortSignal; readonly onConnected?: (isConnected: boolean) => void },
): AsyncGenerator<FollowEvent<EventItem>> {
  return followEvents({
    signal: options.signal,
    async *connect(signal) {
      try {
        for await (const message of hub.events.live(filter, signal)) {
          if (message.type === 'hello') options.onConnected?.(true);
          yield message;
        }
      } finally {
        options.onConnected?.(false);
      }
    },
    readStored: (from, signal) =>
      hub.events.list('after' in from ? { ...filter, after: from.after } : { ...filter, from: from.since, order: 'asc' }, { signal }),
    async last(signal) {
      for await (const { id } of hub.events.list({}, { limit: 1, signal })) return id;
      return null;
    },
    since: options.since,
    pause,
    now: Date.now,
  });
}
