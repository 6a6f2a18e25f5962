import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Principal } from '../access/principal.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { pointMatcher } from '../stream/filter.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import { type StreamMessage, StreamQuery } from './schema/samples.ts';
import { filterOf } from './select-points.ts';

const SAMPLES_PER_MESSAGE = 500;
/** Above this much that the socket has not sent, samples wait in the subscriber's queue (and are dropped there, counted). */
const BUFFERED_BYTES_MAX = 512 * 1024;
const PING_EVERY_MS = 20_000;

/** Serves one subscriber of the stream until it goes. The principal was allowed `sample:read` before. */
export function serveStream(
  socket: WebSocket,
  request: IncomingMessage,
  principal: Exclude<Principal, { kind: 'open' }>,
  ports: { readonly fleet: Fleet; readonly stream: LiveStream; readonly clock: () => number },
): void {
  const { fleet, stream, clock } = ports;
  const send = (message: StreamMessage) => socket.send(JSON.stringify(message));
  let subscription: ReturnType<LiveStream['subscribe']>;
  try {
    const query = readQuery(request);
    const filter = filterOf(principal.project, query, (id) => fleet.device(principal.project, id));
    // A device watches itself and nothing else.
    const matches = pointMatcher(principal.kind === 'device' ? { ...filter, devices: [principal.id] } : filter);
    subscription = stream.subscribe(matches, () => setImmediate(pump));
  } catch (error: unknown) {
    const { code, message } = error instanceof MusterError ? error : new MusterError('internal', 'something went wrong inside the hub', { cause: error });
    send({ type: 'bye', code, reason: message });
    socket.close(1008, code);
    return;
  }
  let alive = true;
  let full = false;
  const heartbeat = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_EVERY_MS);
  socket.on('pong', () => (alive = true));
  socket.on('error', () => socket.terminate());
  socket.once('close', () => {
    clearInterval(heartbeat);
    subscription.close();
  });
  // Nothing is expected from a subscriber; whoever talks all the same is not understood.
  socket.on('message', () => socket.close(1003, 'nothing is taken on this stream'));
  send({ type: 'hello', time: clock() });
  pump();

  function pump(): void {
    full = false;
    while (socket.readyState === socket.OPEN) {
      if (socket.bufferedAmount >= BUFFERED_BYTES_MAX) {
        full = true;
        return;
      }
      const message = subscription.take(SAMPLES_PER_MESSAGE);
      if (message === null) return;
      socket.send(JSON.stringify(message), () => {
        if (full) pump();
      });
    }
  }
}

function readQuery(request: IncomingMessage) {
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of new URL(request.url ?? '/', 'http://hub').searchParams) {
    const before = query[name];
    query[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  const parsed = StreamQuery.safeParse(query);
  if (!parsed.success) throw new MusterError('invalid', parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  return parsed.data;
}
