import { CATALOGUE, type ErrorCode } from '../errors/catalogue.ts';
import { messageOf } from '../errors/muster-error.ts';
import { DeviceError } from './device-error.ts';

/** PUBACK or PUBREC of MQTT 5, as far as it says why. */
export interface Acknowledgement {
  readonly reasonCode?: number;
  readonly properties?: { readonly reasonString?: string };
}

/** Reason codes of MQTT 5 (section 3.4.2.1) without a reason string. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  131: 'overloaded',
  135: 'not_allowed',
  144: 'not_allowed',
  149: 'payload_too_large',
  151: 'overloaded',
  153: 'rejected',
};

/** Why the hub did not take a message. Its reason string begins with the stable code: `rate_limited: more than ...`. */
export function explainRefusal(error: unknown, acknowledgement: Acknowledgement | undefined): DeviceError {
  const text = acknowledgement?.properties?.reasonString;
  const code = acknowledgement?.reasonCode ?? codeOf(error);
  if (text === undefined) return new DeviceError((code === undefined ? undefined : CODES[code]) ?? 'rejected', messageOf(error), { cause: error });
  const colon = text.indexOf(':');
  const name = colon < 0 ? '' : text.slice(0, colon);
  const reason = colon < 0 ? text : text.slice(colon + 1).trim();
  if (Object.hasOwn(CATALOGUE, name)) return new DeviceError(name as ErrorCode, reason, { cause: error });
  // A reason of values, such as `unknown_point`: a code of its own, not one of an error.
  return new DeviceError((code === undefined ? undefined : CODES[code]) ?? 'rejected', text, { cause: error, details: { reason: name } });
}

function codeOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}
