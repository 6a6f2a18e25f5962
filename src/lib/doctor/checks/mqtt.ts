import type { Whoami } from '../../api/schema/access.ts';
import { messageOf } from '../../errors/muster-error.ts';
import { type Finding, loggedInCheck, ok, warn } from '../check.ts';
import { probePort } from '../probe-hub.ts';

export const mqtt = loggedInCheck('mqtt', async ({ client }, signal) => {
  const { hub } = await client.request<Whoami>('GET', '/whoami', { signal });
  if (hub.mqttUrl === null) return { level: 'skipped', text: 'MQTT is off on this hub', hint: null };
  return checkMqtt(new URL(hub.mqttUrl), signal);
});

export async function checkMqtt(url: URL, signal: AbortSignal): Promise<Finding> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port) || (url.protocol === 'mqtts:' ? 8883 : 1883);
  try {
    await probePort(host, port, signal);
    return ok(`${url.href} takes connections`);
  } catch (error) {
    if (signal.aborted) throw error;
    return warn(
      `${url.href} takes no connections from here (${messageOf(error)})`,
      'Devices need it: check the firewall, and the address that the hub listens on.',
    );
  }
}
