import { parseJsonText } from '../domain/json-text.ts';
import type { JsonObject } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import { type DeviceMessagePorts, takeDeviceMessages } from '../ingest/take-device-message.ts';
import type { Configurations } from './configurations.ts';

export interface ReportedConfig {
  readonly version: number | null;
  readonly document: JsonObject | null;
}

/**
 * What devices publish on `config/result`: with an `id` it answers what was sent, and goes on to `results`; without, it says what is in force: `{"version": 3}`, or
 * `{"config": {...}}` of a configuration that somebody made at the device, or both.
 */
export function createConfigReports(
  messages: DeviceMessagePorts,
  configurations: Pick<Configurations, 'reported'>,
  results: DeviceMessages,
  bytesMax: number,
): DeviceMessages {
  const reports = takeDeviceMessages(messages, 'config', async ({ device }, { payload, receivedAt }) => {
    if (payload.length > bytesMax) throw new MusterError('payload_too_large', `a configuration has ${bytesMax} bytes at most (limits.command-bytes-max)`);
    await configurations.reported(device, readReport(objectIn(payload)), receivedAt);
  });
  return { accept: (message) => (isReport(objectIn(message.payload)) ? reports.accept(message) : results.accept(message)) };
}

/** Throws MusterError invalid. */
export function readReport(content: JsonObject | null): ReportedConfig {
  const { version = null, config: document = null } = content ?? {};
  if (version !== null && !(typeof version === 'number' && Number.isSafeInteger(version) && version > 0))
    throw new MusterError('invalid', 'the `version` of a configuration is a number from 1', { details: { field: 'version' } });
  if (document !== null && (typeof document !== 'object' || Array.isArray(document)))
    throw new MusterError('invalid', 'the `config` of a device is an object', { details: { field: 'config' } });
  if (version === null && document === null) throw new MusterError('invalid', 'neither `version` nor `config` says what is in force');
  return { version, document: document as JsonObject | null };
}

function isReport(content: JsonObject | null): boolean {
  return content !== null && content.id === undefined && (content.version !== undefined || content.config !== undefined);
}

function objectIn(payload: Uint8Array): JsonObject | null {
  try {
    const content: unknown = parseJsonText(payload);
    return typeof content === 'object' && content !== null && !Array.isArray(content) ? (content as JsonObject) : null;
  } catch {
    return null;
  }
}
