import { connect } from 'node:net';
import type { HubProcess } from '../hub-process.ts';
import { pause } from '../waiting.ts';
import type { Sequence } from './sequence.ts';

const LINGER_MS = 60;
const CONNECT_MS = 5_000;

/** Sends it as it is. False when the hub could not be reached at all. */
export function play(hub: HubProcess, { door, writes, end }: Sequence): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: door === 'mqtt' ? hub.mqttPort : Number(new URL(hub.url).port), noDelay: true });
  let reached = false;
  socket.on('error', () => undefined);
  if (end === 'stalled') socket.pause();
  else socket.resume();
  return new Promise((resolve) => {
    const timer = setTimeout(() => !reached && socket.destroy(), CONNECT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(reached);
    });
    socket.once('connect', () => {
      reached = true;
      void send();
    });
  });

  async function send(): Promise<void> {
    for (const bytes of writes) {
      if (socket.destroyed) return;
      socket.write(bytes);
      await new Promise(setImmediate);
    }
    // Gone at once, or while answers are on their way.
    if (end === 'linger' || end === 'stalled') await pause(LINGER_MS);
    if (end === 'reset') socket.resetAndDestroy();
    else if (end === 'fin') {
      socket.end();
      await pause(LINGER_MS);
      socket.destroy();
    } else socket.destroy();
  }
}
