import type { Server } from 'node:http';
import type { WebSockets } from './web-sockets.ts';

const LOOK_AGAIN_MS = 50;

/**
 * Ends the HTTP side: nothing new is taken, requests under way may end within `graceMs`. What is left then is cut: an export half sent, a
 * body half received, a connection that never asked for anything. Else one slow client would hold up the whole hub.
 */
export async function stopHttp(api: { readonly server: Server; close(): Promise<unknown> }, sockets: WebSockets, graceMs: number): Promise<void> {
  sockets.close();
  const closed = api.close();
  // A connection whose request has just been answered is kept for the next one, which cannot come any more.
  const tidy = setInterval(() => api.server.closeIdleConnections(), LOOK_AGAIN_MS);
  const cut = setTimeout(() => {
    sockets.cut();
    api.server.closeAllConnections();
  }, graceMs);
  try {
    await closed;
  } finally {
    clearInterval(tidy);
    clearTimeout(cut);
  }
}
