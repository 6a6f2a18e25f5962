import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';
import type { DeviceId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { type PointFilter, type PointMatcher, pointMatcher } from '../stream/filter.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import { type StreamMessage, StreamQuery } from './schema/samples.ts';
import { filterOf } from './select-points.ts';

const SAMPLES_PER_MESSAGE = 500;
/** Above this much that the socket has not sent, samples wait in the subscriber's queue (and are dropped there, counted). */
const BUFFERED_BYTES_MAX = 512 * 1024;
const MESSAGE_BYTES_MAX = 256 * 1024;
const PING_EVERY_MS = 20_000;
const STALL_LOOK_MS = 5_000;

export interface StreamPorts {
  readonly fleet: Fleet;
  readonly stream: LiveStream;
  readonly clock: () => number;
  /** A subscriber that takes nothing of what waits for it for so long is cut. */
  readonly stallMs: number;
  /** Rejects with not_logged_in or not_allowed when whoever subscribed may not read any more. */
  readonly stillAllowed: () => Promise<void>;
  /** Something about the subscriber's credentials changed. Returns what takes the listener off again. */
  readonly onAccessChanged: (listener: () => void) => () => void;
}

/** Serves one subscriber of the stream until it goes, or may not read any more. The principal was allowed `sample:read` before. */
export function serveStream(socket: WebSocket, request: IncomingMessage, principal: Exclude<Principal, { kind: 'open' }>, ports: StreamPorts): void {
  const { fleet, stream, clock, stallMs } = ports;
  // First of all: an error that nobody listens to ends the process.
  socket.on('error', () => socket.terminate());
  const send = (message: StreamMessage) => socket.send(JSON.stringify(message));
  const refuse = ({ code, message }: MusterError) => {
    send({ type: 'bye', code, reason: message });
    socket.close(1008, code);
  };
  let subscription: ReturnType<LiveStream['subscribe']>;
  try {
    const query = readQuery(request);
    const filter = filterOf(principal.project, query, (id) => fleet.device(principal.project, id));
    const matches = principal.kind === 'device' ? ownMatcher(principal.id, filter, fleet) : pointMatcher(filter);
    subscription = stream.subscribe(matches, () => setImmediate(pump));
  } catch (error: unknown) {
    refuse(error instanceof MusterError ? error : new MusterError('internal', 'something went wrong inside the hub', { cause: error }));
    return;
  }
  let alive = true;
  let full = false;
  /** When the socket last took something of what waits for it. */
  let tookAt = performance.now();
  let bufferedThen = 0;
  const stall = setInterval(lookForStall, Math.min(stallMs / 4, STALL_LOOK_MS));
  const heartbeat = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
    // A token may have expired.
    check();
  }, PING_EVERY_MS);
  socket.on('pong', () => (alive = true));
  const forgetAccess = ports.onAccessChanged(check);
  socket.once('close', end);
  // Nothing is expected from a subscriber; whoever talks all the same is not understood.
  socket.on('message', () => socket.close(1003, 'nothing is taken on this stream'));
  send({ type: 'hello', time: clock() });
  pump();

  function end(): void {
    clearInterval(heartbeat);
    clearInterval(stall);
    forgetAccess();
    subscription.close();
  }

  /** It may answer each ping and take nothing all the same: its answers travel the other way. */
  function lookForStall(): void {
    const buffered = socket.bufferedAmount;
    if (buffered === 0 || buffered < bufferedThen) tookAt = performance.now();
    bufferedThen = buffered;
    if (performance.now() - tookAt >= stallMs) socket.terminate();
  }

  function check(): void {
    ports.stillAllowed().catch((error: unknown) => {
      if (!(error instanceof MusterError) || (error.code !== 'not_logged_in' && error.code !== 'not_allowed')) return;
      end();
      refuse(error);
    });
  }

  function pump(): void {
    full = false;
    while (socket.readyState === socket.OPEN) {
      if (socket.bufferedAmount >= BUFFERED_BYTES_MAX) {
        full = true;
        return;
      }
      const message = subscription.take(SAMPLES_PER_MESSAGE, MESSAGE_BYTES_MAX);
      if (message === null) return;
      socket.send(JSON.stringify(message), () => {
        tookAt = performance.now();
        if (full) pump();
      });
    }
  }
}

/** A device watches itself and the devices behind it, as they are at the moment. */
function ownMatcher(watcher: DeviceId, filter: PointFilter, fleet: Fleet): PointMatcher {
  const isOwn = (device: Device) => device.id === watcher || device.parent === watcher;
  for (const id of filter.devices ?? []) {
    if (!isOwn(fleet.device(filter.project, id).device)) throw new MusterError('not_allowed', `${watcher} may not watch ${id}`);
  }
  const matches = pointMatcher(filter);
  return (point, device) => isOwn(device) && matches(point, device);
}

function readQuery(request: IncomingMessage) {
  const { searchParams } = new URL(request.url ?? '/', 'http://hub');
  const query = [...new Set(searchParams.keys())].map((name) => {
    const values = searchParams.getAll(name);
    return [name, values.length === 1 ? values[0] : values];
  });
  const parsed = StreamQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) throw new MusterError('invalid', parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  return parsed.data;
}
