import mqtt, { type MqttClient } from 'mqtt';
import { COMMAND_KINDS } from '../../src/lib/domain/command.ts';

/** What a device says of what it is asked; null: nothing. */
export type Answering = (command: { readonly id: string; readonly kind: string; readonly [name: string]: unknown }) => object | null;

/** A device on the wire that does what it is asked and says so. End its client when it is not needed any more. */
export async function answeringDevice(url: string, id: string, secret: string, answer: Answering = () => ({ state: 'applied' })): Promise<MqttClient> {
  const client = mqtt.connect(url, { username: id, password: secret, protocolVersion: 5, reconnectPeriod: 200 });
  client.on('error', () => undefined);
  client.on('message', (topic, payload) => {
    const command = JSON.parse(payload.toString());
    const said = answer(command);
    if (said !== null) client.publish(`${topic}/result`, JSON.stringify({ id: command.id, ...said }), { qos: 1 });
  });
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  await client.subscribeAsync(
    COMMAND_KINDS.map((kind) => `devices/${id}/${kind}`),
    { qos: 1 },
  );
  return client;
}
