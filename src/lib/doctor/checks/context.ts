import { MusterError } from '../../errors/muster-error.ts';
import { type Check, fail, ok, warn } from '../check.ts';

export const context: Check = {
  name: 'context',
  async run({ target }) {
    if (target instanceof MusterError) throw target;
    const shown = `${target.url} (${target.context === null ? 'from a flag or MUSTER_URL' : `context ${target.context}`})`;
    if (!target.hasToken) return fail(`${shown} has no token`, 'Run `muster login`, or set MUSTER_TOKEN.', 'not_logged_in');
    const { protocol, hostname } = new URL(target.url);
    if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
      return warn(`${shown} gets the token without TLS`, 'Give the hub a certificate (tls.cert, tls.key) and use its https URL.');
    }
    return ok(shown);
  },
};
