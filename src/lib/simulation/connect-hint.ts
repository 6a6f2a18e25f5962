import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';

const NAME_IT = 'Give the MQTT address with --mqtt mqtt://HOST:PORT.';
const SAME_HUB = 'Is it the hub that the gateways were created in? --mqtt must name the MQTT address of the same hub.';

/** What the library knows of a failed connection, with what the options of the command can do about it. */
export function withCommandHint(error: unknown): unknown {
  if (!(error instanceof MusterError)) return error;
  const hint = hintFor(error.code, error.hint);
  return hint === null ? error : new MusterError(error.code, error.message, { hint, cause: error });
}

function hintFor(code: ErrorCode, hint: string): string | null {
  switch (code) {
    case 'unreachable':
      if (/authority/.test(hint))
        return 'Use mqtt:// for a port without TLS; `muster login --ca FILE` or `muster context add --ca FILE` names a certificate authority of your own.';
      return /protocol/.test(hint) ? 'Try the other --protocol: mqtt or mqtt5.' : `${hint} ${NAME_IT}`;
    case 'timed_out':
      return `${hint} ${NAME_IT}`;
    case 'not_logged_in':
    case 'not_allowed':
      return SAME_HUB;
    case 'limit_reached':
      return `${hint} Or simulate fewer gateways.`;
    default:
      return null;
  }
}
