import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { MusterError } from '../errors/muster-error.ts';

/**
 * Whom mqtts:// and wss:// connections trust: the CA of the context, as its API does, and the authorities that Node brings, because
 * --mqtt may name a broker in front of the hub. Null without a CA: what Node does by itself.
 * One context for all gateways: to make one takes some ms.
 */
export function trustOf(caFile: string | null): SecureContext | null {
  if (caFile === null) return null;
  try {
    return createSecureContext({ ca: [readFileSync(caFile, 'utf8'), ...rootCertificates] });
  } catch (cause: unknown) {
    throw new MusterError('usage', `The CA file ${caFile} cannot be read.`, { cause, hint: 'Correct it with `muster context add --ca FILE`.' });
  }
}
