import { z } from 'zod';
import { SETTINGS } from '../../config/settings.ts';
import type { ProtocolDefinition } from '../protocol.ts';
import type { MqttProtocol } from './mqtt-protocol.ts';
import type { MqttPorts } from './ports.ts';

export const mqtt: ProtocolDefinition<MqttPorts, MqttProtocol> = {
  name: 'mqtt',
  summary: 'MQTT 3.1.1 and 5 over TCP, TLS and WebSocket',
  settings: z.object(
    Object.fromEntries(
      Object.entries(SETTINGS)
        .filter(([name]) => name.startsWith('mqtt.') || name.startsWith('mqtts.'))
        .map(([name, { schema }]) => [name, schema]),
    ),
  ),
  async load() {
    const { createMqttProtocol } = await import('./mqtt-protocol.ts');
    return { create: createMqttProtocol };
  },
};
