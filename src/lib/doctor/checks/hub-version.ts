import type { Whoami } from '../../api/schema/access.ts';
import { type Finding, loggedInCheck, ok, warn } from '../check.ts';

export const hubVersion = loggedInCheck('hub version', async ({ client }, signal, { version }) => {
  const who = await client.request<Whoami>('GET', '/whoami', { signal });
  return compareVersions(version, who.hub.version);
});

export function compareVersions(own: string, hub: string): Finding {
  if (own === hub) return ok(`${hub}, as this command`);
  const text = `The hub is ${hub}, this command is ${own}`;
  const [ownMajor, ownMinor] = own.split('.');
  const [hubMajor, hubMinor] = hub.split('.');
  // Before 1.0 a minor version may change the API (semver.org, clause 4).
  if (ownMajor === hubMajor && (ownMajor !== '0' || ownMinor === hubMinor)) return ok(text);
  return warn(text, 'Install the same version of both: each may use what the other does not know.');
}
