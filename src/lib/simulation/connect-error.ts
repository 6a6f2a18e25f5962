import { MusterError, messageOf } from '../errors/muster-error.ts';

/** Return codes of MQTT 3.1.1 (section 3.2.2.3) and reason codes of MQTT 5 (section 3.2.2.2) that a CONNACK may carry. */
const NOT_AUTHENTICATED = new Set([4, 134, 140]);
const NOT_AUTHORISED = new Set([5, 135, 138]);
const WRONG_VERSION = new Set([1, 132]);
const UNAVAILABLE = new Set([3, 136, 137, 159]);

const WRONG_PORT = 'Is it the MQTT port? The hub prints its MQTT address when it starts; give it with --mqtt mqtt://HOST:PORT.';

/** What a failed MQTT connection means and what to do about it. */
export function explainConnectError(error: unknown, url: string): MusterError {
  const code = codeOf(error);
  if (typeof code === 'number') return explainRefusal(code, url, error);
  switch (code) {
    case 'ECONNREFUSED':
      return new MusterError('unreachable', `Nothing listens for MQTT at ${url}.`, { hint: WRONG_PORT, cause: error });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new MusterError('unreachable', `The host of ${url} is not known.`, { hint: 'Check the name, or give the address with --mqtt.', cause: error });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new MusterError('unreachable', `There is no way to ${url} on this network.`, { hint: 'Check the network and the address.', cause: error });
    case 'ETIMEDOUT':
      return new MusterError('timed_out', `${url} does not answer.`, { hint: 'A firewall may drop the connection, or the address is wrong.', cause: error });
    case 'EMFILE':
      return new MusterError('limit_reached', 'This process may not open more connections.', {
        hint: 'Raise the limit with `ulimit -n`, or simulate fewer gateways.',
        cause: error,
      });
    case 'ECONNRESET':
    case 'EPIPE':
      return new MusterError('unreachable', `${url} closed the connection before it answered.`, { hint: WRONG_PORT, cause: error });
    case undefined:
      break;
    default:
      if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)) {
        return new MusterError('unreachable', `No TLS connection to ${url}: ${messageOf(error)}.`, {
          hint: 'Use mqtt:// for a port without TLS; `muster login --ca FILE` or `muster context add --ca FILE` names a certificate authority of your own.',
          cause: error,
        });
      }
  }
  if (/connack timeout/i.test(messageOf(error))) {
    return new MusterError('timed_out', `${url} took the connection and did not answer it in MQTT.`, { hint: WRONG_PORT, cause: error });
  }
  return new MusterError('unreachable', `${url} does not speak MQTT: ${messageOf(error).slice(0, 120)}.`, { hint: WRONG_PORT, cause: error });
}

function explainRefusal(code: number, url: string, cause: unknown): MusterError {
  if (NOT_AUTHENTICATED.has(code)) {
    return new MusterError('not_logged_in', `The hub at ${url} refused the gateway's credentials.`, {
      hint: 'Is it the hub that the gateways were created in? --mqtt must name the MQTT address of the same hub.',
      cause,
    });
  }
  if (NOT_AUTHORISED.has(code)) {
    return new MusterError('not_allowed', `The hub at ${url} does not let the gateway in.`, {
      hint: 'Is it the hub that the gateways were created in, and are the devices active?',
      cause,
    });
  }
  if (WRONG_VERSION.has(code)) {
    return new MusterError('unreachable', `The broker at ${url} does not speak this version of MQTT.`, {
      hint: 'Try the other --protocol: mqtt or mqtt5.',
      cause,
    });
  }
  if (UNAVAILABLE.has(code)) return new MusterError('overloaded', `The hub at ${url} takes no more connections at the moment.`, { cause });
  return new MusterError('unreachable', `The broker at ${url} refused the connection (code ${code}).`, { cause });
}

function codeOf(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string' || (typeof code === 'number' && code > 0)) return code;
  return errors?.[0] === undefined ? undefined : codeOf(errors[0]); // an AggregateError of IPv4 and IPv6
}
