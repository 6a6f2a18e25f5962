import { connect } from 'node:net';
import mqtt from 'mqtt-packet';
import type { Credentials } from '../fleet.ts';
import { comesTrue } from '../waiting.ts';

const DEADLINE_MS = 15_000;
/** A broker may send what is retained after it has answered to PINGREQ. */
const GRACE_MS = 1_000;

/** What a new subscriber finds retained on a topic; null for nothing, or when it is not served. */
export async function retainedOn(port: number, credentials: Credentials | null, topic: string, clientId: string): Promise<string | null> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const parser = mqtt.parser({ protocolVersion: 4 });
  let found: string | null = null;
  let answeredAt = Number.POSITIVE_INFINITY;
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connack') {
      socket.write(mqtt.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] }));
      socket.write(mqtt.generate({ cmd: 'pingreq' }));
    }
    if (packet.cmd === 'publish' && packet.retain) found ??= packet.payload.toString();
    if (packet.cmd === 'pingresp') answeredAt = performance.now();
  });
  parser.on('error', () => socket.destroy());
  socket.on('data', (chunk) => parser.parse(chunk));
  socket.on('error', () => undefined);
  const connectPacket = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId, keepalive: 0 } as const;
  socket.write(
    mqtt.generate({ ...connectPacket, ...(credentials !== null && { username: credentials.username, password: Buffer.from(credentials.password) }) }),
  );
  try {
    await comesTrue(() => found !== null || socket.destroyed || performance.now() - answeredAt > GRACE_MS, DEADLINE_MS);
    return found;
  } finally {
    socket.destroy();
  }
}
