import type { IncomingMessage } from 'node:http';
import type { ProjectId } from '../domain/ids.ts';
import { eventMatcher } from '../events/event-filter.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { EventStreamQuery } from './schema/events.ts';
import { eventFilterOf } from './select-events.ts';
import { type Feed, readQuery, STREAM_MESSAGE_BYTES_MAX } from './stream-socket.ts';

const EVENTS_PER_MESSAGE = 500;

/** The events that a request for the stream asks for. Throws invalid, not_found. */
export function subscribeToEvents(
  { fleet, stream }: { readonly fleet: Pick<Fleet, 'device'>; readonly stream: EventStream },
  request: IncomingMessage,
  project: ProjectId,
  onReady: () => void,
): Feed {
  const filter = eventFilterOf(project, readQuery(request, EventStreamQuery), fleet);
  const subscription = stream.subscribe(eventMatcher(filter), onReady);
  return {
    take() {
      const message = subscription.take(EVENTS_PER_MESSAGE, STREAM_MESSAGE_BYTES_MAX);
      if (message === null) return null;
      // Their JSON is made once for all who watch.
      return message.type === 'events' ? `{"type":"events","events":[${message.events.join(',')}]}` : JSON.stringify(message);
    },
    close: () => subscription.close(),
  };
}
