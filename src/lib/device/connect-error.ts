import { messageOf } from '../errors/muster-error.ts';
import { DeviceError } from './device-error.ts';

/** Return codes of MQTT 3.1.1 (section 3.2.2.3) and reason codes of MQTT 5 (section 3.2.2.2) that a CONNACK may carry. */
const NOT_AUTHENTICATED = new Set([4, 134, 140]);
const NOT_AUTHORISED = new Set([5, 135, 138]);
const WRONG_VERSION = new Set([1, 132]);
const UNAVAILABLE = new Set([3, 136, 137, 159]);

const WRONG_PORT = 'Is it the MQTT port? The hub prints its MQTT address when it starts.';

/** What a failed MQTT connection means and what to do about it. */
export function explainConnectError(error: unknown, url: string): DeviceError {
  const code = codeOf(error);
  if (typeof code === 'number') return explainRefusal(code, url, error);
  switch (code) {
    case 'ECONNREFUSED':
      return new DeviceError('unreachable', `Nothing listens for MQTT at ${url}.`, { hint: WRONG_PORT, cause: error });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new DeviceError('unreachable', `The host of ${url} is not known.`, { hint: 'Check the name.', cause: error });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new DeviceError('unreachable', `There is no way to ${url} on this network.`, { hint: 'Check the network and the address.', cause: error });
    case 'ETIMEDOUT':
      return new DeviceError('timed_out', `${url} does not answer.`, { hint: 'A firewall may drop the connection, or the address is wrong.', cause: error });
    case 'EMFILE':
      return new DeviceError('limit_reached', 'This process may not open more connections.', {
        hint: 'Raise the limit with `ulimit -n`.',
        cause: error,
      });
    case 'ECONNRESET':
    case 'EPIPE':
      return new DeviceError('unreachable', `${url} closed the connection before it answered.`, { hint: WRONG_PORT, cause: error });
    case undefined:
      break;
    default:
      if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)) {
        return new DeviceError('unreachable', `No TLS connection to ${url}: ${messageOf(error)}.`, {
          hint: 'Use mqtt:// for a port without TLS; an authority of your own must be named.',
          cause: error,
        });
      }
  }
  if (/connack timeout/i.test(messageOf(error))) {
    return new DeviceError('timed_out', `${url} took the connection and did not answer it in MQTT.`, { hint: WRONG_PORT, cause: error });
  }
  return new DeviceError('unreachable', `${url} does not speak MQTT: ${messageOf(error).slice(0, 120)}.`, { hint: WRONG_PORT, cause: error });
}

function explainRefusal(code: number, url: string, cause: unknown): DeviceError {
  if (NOT_AUTHENTICATED.has(code)) {
    return new DeviceError('not_logged_in', `The hub at ${url} refused the credentials of the device.`, {
      hint: 'Is it the hub that knows the device? The credential may be wrong, expired or removed.',
      cause,
    });
  }
  if (NOT_AUTHORISED.has(code)) {
    return new DeviceError('not_allowed', `The hub at ${url} does not let the device in.`, {
      hint: 'Is the device active there? A new one may wait to be approved.',
      cause,
    });
  }
  if (WRONG_VERSION.has(code)) {
    return new DeviceError('unreachable', `The broker at ${url} does not speak this version of MQTT.`, {
      hint: 'Try the other protocol: mqtt or mqtt5.',
      cause,
    });
  }
  if (UNAVAILABLE.has(code)) return new DeviceError('overloaded', `The hub at ${url} takes no more connections at the moment.`, { cause });
  return new DeviceError('unreachable', `The broker at ${url} refused the connection (code ${code}).`, { cause });
}

function codeOf(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string' || (typeof code === 'number' && code > 0)) return code;
  return errors?.[0] === undefined ? undefined : codeOf(errors[0]); // an AggregateError of IPv4 and IPv6
}

/** What a DISCONNECT of the hub means (MQTT 5, section 3.14.2.1). */
export function explainDisconnect(code: number, reason: string | undefined, url: string): DeviceError {
  const said = reason === undefined || reason === '' ? `code ${code}` : reason;
  switch (code) {
    case 0x8b:
      return new DeviceError('stopping', `The hub at ${url} is stopping.`);
    case 0x8e:
      return new DeviceError('conflict', `Another client connected to ${url} with the same identity.`, {
        hint: 'Two devices with one identity throw each other out: give each its own.',
      });
    case 0x98:
      return new DeviceError('not_logged_in', `The hub at ${url} ended the connection: ${said}.`, {
        hint: 'Its credentials may have been removed or replaced.',
      });
    case 0x87:
      return new DeviceError('not_allowed', `The hub at ${url} ended the connection: ${said}.`);
    case 0x88:
    case 0x89:
    case 0x97:
      return new DeviceError('overloaded', `The hub at ${url} ended the connection: ${said}.`);
    default:
      return new DeviceError('unreachable', `The hub at ${url} ended the connection: ${said}.`);
  }
}
