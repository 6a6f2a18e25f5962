import { onTestFinished } from 'vitest';
import type { Settings } from '../../src/lib/config/settings.ts';
import { type Hub, type HubOptions, startHub } from '../../src/lib/server/hub.ts';
import { SILENT_LOG } from './silent-log.ts';

/** A hub in this process, on free ports, without MQTT unless the settings say otherwise. Stopped after the test. */
export async function hubHere(settings: Partial<Settings>, options: HubOptions = {}): Promise<Hub> {
  const hub = await startHub({ 'http.port': 0, 'mqtt.port': null, ...settings }, { log: SILENT_LOG, ...options });
  onTestFinished(async () => void (await hub.stop()));
  return hub;
}
