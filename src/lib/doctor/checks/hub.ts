import { fail, HUB_CHECK, hubCheck, ok } from '../check.ts';
import { probeHub } from '../probe-hub.ts';

/** Name, network, TLS and HTTP told apart: each has another cause, and another person who can mend it. */
const HINTS = {
  dns: 'Check the host name in the URL, and the name server of this network.',
  tcp: 'Check that the hub runs, its port, and a firewall between here and there. `muster serve` listens on loopback unless told otherwise.',
  tls: 'Check the validity of the certificate, and that it has the name in the URL; for an own CA add the context with its PEM file.',
  http: 'Another program may listen on this port, or a proxy stands in between: check the URL.',
} as const;

export const hub = hubCheck(HUB_CHECK, async (target, signal) => {
  const started = performance.now();
  const result = await probeHub(new URL(target.url), target.ca, signal);
  if (result.failed !== null) return fail(result.text, result.hint ?? HINTS[result.failed], 'unreachable');
  return ok(`${target.url} answers in ${Math.round(performance.now() - started)} ms (${result.text})`);
});
