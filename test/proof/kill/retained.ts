import { connect } from 'node:net';
import mqtt from 'mqtt-packet';
import type { Credentials } from '../fleet.ts';
import { comesTrue } from '../waiting.ts';

/** What a new subscriber finds retained on a topic, once SUBACK has come; null for nothing within the time. */
export async function retainedOn(port: number, credentials: Credentials | null, topic: string, clientId: string, deadlineMs = 1_500): Promise<string | null> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const parser = mqtt.parser({ protocolVersion: 4 });
  let found: string | null = null;
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connack') socket.write(mqtt.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] }));
    if (packet.cmd === 'publish' && packet.retain) found ??= packet.payload.toString();
  });
  parser.on('error', () => socket.destroy());
  socket.on('data', (chunk) => parser.parse(chunk));
  socket.on('error', () => undefined);
  const connectPacket = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId, keepalive: 0 } as const;
  socket.write(
    mqtt.generate({ ...connectPacket, ...(credentials !== null && { username: credentials.username, password: Buffer.from(credentials.password) }) }),
  );
  try {
    await comesTrue(() => found !== null || socket.destroyed, deadlineMs);
    return found;
  } finally {
    socket.destroy();
  }
}
