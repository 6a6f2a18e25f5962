import type { ChannelDefinition } from '../channels/channel.ts';
import { CHANNELS, channelDefinition } from '../channels/registry.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';

type Config = { readonly [name: string]: JsonValue };

export function kindOf(kind: string): ChannelDefinition {
  const definition = channelDefinition(kind);
  if (definition !== undefined) return definition;
  throw new MusterError('invalid', `there is no kind of channel ${kind.slice(0, 60)}`, {
    hint: `The kinds are ${CHANNELS.map(({ name }) => name).join(', ')}.`,
    details: { field: 'kind' },
  });
}

/** Checked, with every default; and the secrets that were made. Throws `invalid` with every problem (details.problems). */
export function newConfig(definition: ChannelDefinition, given: Config): { readonly config: Config; readonly generated: Readonly<Record<string, string>> } {
  const generated: Record<string, string> = {};
  for (const [name, make] of Object.entries(definition.generate ?? {})) if (given[name] === undefined || given[name] === null) generated[name] = make();
  return { config: checked(definition, { ...withoutNulls(given), ...generated }), generated };
}

/**
 * `given` in the place of the stored one. Secrets that it leaves out stay, unless they would go to another receiver than the one they were given for: who may
 * change a channel may not read its secrets, not even by having them sent home. null takes one away.
 */
export function changedConfig(definition: ChannelDefinition, stored: Config, given: Config): Config {
  const kept = Object.fromEntries(
    definition.secrets.filter((name) => given[name] === undefined && stored[name] !== undefined).map((name) => [name, stored[name] ?? null]),
  );
  const config = checked(definition, { ...kept, ...withoutNulls(given) });
  for (const [secret, places] of Object.entries(definition.sentTo ?? {})) {
    if (kept[secret] === undefined || isEmpty(kept[secret])) continue;
    const moved = places.find((place) => JSON.stringify(config[place] ?? null) !== JSON.stringify(stored[place] ?? null));
    if (moved === undefined) continue;
    throw new MusterError('invalid', `config.${secret} must be given again: with another ${moved} it would be sent to another receiver`, {
      hint: `Give ${secret} in the same update, or null to take it away.`,
      details: { field: `config.${secret}` },
    });
  }
  return config;
}

/** What may be seen of it, and the names of the secrets that are set. */
export function visibleConfig(kind: string, config: Config): { readonly config: Config; readonly secrets: readonly string[] } {
  const definition = channelDefinition(kind);
  // Of a kind that this release does not know, nobody can say what is secret.
  if (definition === undefined) return { config: {}, secrets: Object.keys(config) };
  const isSecret = (name: string): boolean => definition.secrets.includes(name);
  return {
    config: Object.fromEntries(Object.entries(config).filter(([name]) => !isSecret(name))),
    secrets: Object.keys(config).filter((name) => isSecret(name) && !isEmpty(config[name] ?? null)),
  };
}

function checked(definition: ChannelDefinition, given: Config): Config {
  const parsed = definition.schema.safeParse(given);
  if (parsed.success) return parsed.data as unknown as Config;
  const problems = parsed.error.issues.map(({ path, message }) => ({ path: ['config', ...path].join('.'), message }));
  const text = problems.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  throw new MusterError('invalid', `the channel is configured wrongly: ${text.join('; ')}`, { details: { problems } });
}

function withoutNulls(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

function isEmpty(value: JsonValue): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
