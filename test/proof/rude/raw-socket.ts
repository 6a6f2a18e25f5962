import { connect, type Socket } from 'node:net';
import type { Scope } from '../scope.ts';

/** A connection that does what the proof says, and nothing that a client library would. */
export interface RawSocket {
  readonly socket: Socket;
  readonly received: () => Buffer;
  /** The other side has ended it, or it is gone. */
  readonly isEnded: () => boolean;
  destroy(): void;
}

/** null when it could not be connected. */
export function openRaw(scope: Scope, port: number, connectDeadlineMs = 10_000): Promise<RawSocket | null> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const chunks: Buffer[] = [];
  let ended = false;
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const end = () => {
    ended = true;
  };
  socket.on('end', end).on('close', end);
  scope.defer(() => socket.destroy());
  const raw = { socket, received: () => Buffer.concat(chunks), isEnded: () => ended, destroy: () => void socket.destroy() };
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), connectDeadlineMs);
    socket.once('close', () => resolve(null));
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(raw);
    });
  });
}

export async function openMany(scope: Scope, port: number, count: number): Promise<readonly RawSocket[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => openRaw(scope, port)));
  return opened.filter((one) => one !== null);
}
