import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Of the rules that a filter names, those that the hub does not have: deleted ones and a gateway's own have alarms too, but most are mistyped. */
export async function unknownRules(hub: HubClient, given: string | readonly string[] | undefined): Promise<readonly string[]> {
  const names = typeof given === 'string' ? [given] : (given ?? []);
  const known = await Promise.all(names.map((name) => isThere(hub, name)));
  return names.filter((_, index) => known[index] === false);
}

export function unknownRulesText(names: readonly string[]): string {
  return `Note: the hub has no rule ${names.join(' and no rule ')}: see \`muster rule list\`.`;
}

async function isThere(hub: HubClient, name: string): Promise<boolean> {
  try {
    await hub.rules.show(name);
    return true;
  } catch (error: unknown) {
    // Who may not look at rules, or asks an older hub, gets no note.
    return !(error instanceof MusterError && error.code === 'not_found');
  }
}
