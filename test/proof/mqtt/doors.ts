import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { HubProcess } from '../hub-process.ts';

/** A new connection to a broker that takes what is written before it is made. */
export type Door = () => Duplex;

/** Of a hub, wherever its ports are now: MQTT over TCP, TLS and WebSocket. */
export function doorsOf(hub: HubProcess): { readonly tcp: Door; readonly tls: Door; readonly webSocket: Door } {
  const ca = hub.ca;
  return {
    tcp: tcpDoor(() => hub.mqttPort),
    tls: () => connectTls({ host: '127.0.0.1', port: hub.mqttsPort, ...(ca !== undefined && { ca }) }).setNoDelay(true),
    webSocket() {
      const stream = createWebSocketStream(new WebSocket(`${hub.url.replace('http', 'ws')}/mqtt`, 'mqtt', { ...(ca !== undefined && { ca }) }));
      // A connection that breaks is its end alone.
      return stream.once('end', () => stream.destroy());
    },
  };
}

export function tcpDoor(port: () => number): Door {
  return () => connectTcp({ host: '127.0.0.1', port: port(), noDelay: true });
}
