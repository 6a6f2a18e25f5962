import { ALIAS_KINDS, type AliasKind } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';
import { pairsOf } from './flags.ts';

/** `--alias imei=490154203237518` repeated, as an object. */
export function aliasesOf(pairs: readonly string[] | undefined): Partial<Record<AliasKind, string>> {
  const aliases: Partial<Record<AliasKind, string>> = {};
  for (const [kind, value] of Object.entries(pairsOf('alias', pairs))) aliases[aliasKind('alias', kind)] = value;
  return aliases;
}

/** What is removed is null in a change of the hub's API. */
export function withRemoved<Key extends string>(
  set: Readonly<Partial<Record<Key, string>>>,
  removed: readonly Key[] | undefined,
): Record<string, string | null> {
  const change: Record<string, string | null> = {};
  for (const [key, value] of Object.entries<string | undefined>(set)) if (value !== undefined) change[key] = value;
  for (const key of removed ?? []) change[key] = null;
  return change;
}

function aliasKind(flag: string, text: string): AliasKind {
  const kind = ALIAS_KINDS.find((candidate) => candidate === text);
  if (kind) return kind;
  throw new MusterError('usage', `--${flag} \`${text}\` is not a kind of alias.`, { hint: `The kinds are: ${ALIAS_KINDS.join(', ')}.`, details: { flag } });
}
