import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { z } from 'zod';
import { MusterError } from '../errors/muster-error.ts';

/** Above this much that the socket has not sent, things wait in the subscriber's queue (and are dropped there, counted). */
const BUFFERED_BYTES_MAX = 512 * 1024;
/** Of one message, about. */
export const STREAM_MESSAGE_BYTES_MAX = 256 * 1024;
const PING_EVERY_MS = 20_000;
const STALL_LOOK_MS = 5_000;

/** What one subscriber gets, as JSON, one text for each message. */
export interface Feed {
  /** null: nothing waits. */
  take(): string | null;
  close(): void;
}

export interface SubscriberPorts {
  /** `onReady` is called when there is something to take after there was nothing. Throws what is to be told to the subscriber. */
  readonly subscribe: (onReady: () => void) => Feed;
  readonly clock: () => number;
  /** A subscriber that takes nothing of what waits for it for so long is cut. */
  readonly stallMs: number;
  /** Rejects with not_logged_in or not_allowed when whoever subscribed may not read any more. */
  readonly stillAllowed: () => Promise<void>;
  /** Something about the subscriber's credentials changed. Returns what takes the listener off again. */
  readonly onAccessChanged: (listener: () => void) => () => void;
}

/** Serves one subscriber of a stream, whatever it carries, until it goes, or may not read any more. It was allowed to before. */
export function serveSubscriber(socket: WebSocket, ports: SubscriberPorts): void {
  const { clock, stallMs } = ports;
  // First of all: an error that nobody listens to ends the process.
  socket.on('error', () => socket.terminate());
  const send = (message: object) => socket.send(JSON.stringify(message));
  const refuse = ({ code, message }: MusterError) => {
    send({ type: 'bye', code, reason: message });
    socket.close(1008, code);
  };
  let feed: Feed;
  try {
    feed = ports.subscribe(() => setImmediate(pump));
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
    feed.close();
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
      const message = feed.take();
      if (message === null) return;
      socket.send(message, () => {
        tookAt = performance.now();
        if (full) pump();
      });
    }
  }
}

/** The query of a WebSocket's URL. Throws invalid. */
export function readQuery<Schema extends z.ZodType>(request: IncomingMessage, schema: Schema): z.output<Schema> {
  const { searchParams } = new URL(request.url ?? '/', 'http://hub');
  const query = [...new Set(searchParams.keys())].map((name) => {
    const values = searchParams.getAll(name);
    return [name, values.length === 1 ? values[0] : values];
  });
  const parsed = schema.safeParse(Object.fromEntries(query));
  if (!parsed.success) throw new MusterError('invalid', parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  return parsed.data;
}
