import type { EventItem, EventQuery, EventStreamMessage, EventStreamQuery } from '../../api/schema/events.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';

export interface EventResources {
  readonly events: {
    /** The last recorded first, unless `order` says otherwise or `after` is given. */
    list(query?: Filters<EventQuery>, options?: ListOptions): AsyncGenerator<EventItem>;
    /** As they are recorded; as `live`. */
    live(query: EventStreamQuery, signal: AbortSignal): AsyncGenerator<EventStreamMessage>;
  };
}

export function eventResources(connection: Connection): EventResources {
  return {
    events: {
      list: (query, list) => connection.pages('/events', query, list),
      live: (query, signal) => connection.live('/stream/events', query, signal),
    },
  };
}
