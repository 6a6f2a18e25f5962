import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { CHANNELS, channelDefinition } from '../channels/registry.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import { readStdin, readText } from './prompt.ts';

export const CHANNEL_KINDS: readonly string[] = CHANNELS.map(({ name }) => name);

const BYTES_MAX = 1024 * 1024;

interface Property {
  readonly type?: string;
  readonly items?: { readonly type?: string };
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

export interface ConfigFlags {
  readonly set?: readonly string[] | undefined;
  readonly secretFile?: readonly string[] | undefined;
  readonly secretEnv?: readonly string[] | undefined;
  readonly unset?: readonly string[] | undefined;
}

export interface ConfigSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

/** What one kind of channel is configured with, as its schema says. */
function configProperties(kind: string): Readonly<Record<string, Property>> {
  const definition = channelDefinition(kind);
  if (definition === undefined) {
    throw new MusterError('usage', `There is no kind of channel ${kind}.`, { hint: `The kinds are ${CHANNEL_KINDS.join(', ')}.` });
  }
  const schema = z.toJSONSchema(definition.schema, { io: 'input', unrepresentable: 'any' }) as { readonly properties?: Readonly<Record<string, Property>> };
  return schema.properties ?? {};
}

/** For the help of commands: every kind with its names. */
export function configHelp(): string {
  return CHANNELS.map(({ name, summary, secrets }) => {
    const rows = Object.entries(configProperties(name)).map(([key, { description, enum: choices, default: fallback }]) => {
      const marks = [
        secrets.includes(key) ? 'secret' : '',
        choices === undefined ? '' : choices.join(', '),
        fallback === undefined || typeof fallback === 'object' ? '' : `default ${String(fallback)}`,
      ].filter((mark) => mark !== '');
      return `  ${key}${marks.length === 0 ? '' : ` (${marks.join('; ')})`}${description === undefined ? '' : `: ${description}`}`;
    });
    return `${name}: ${summary}\n${rows.join('\n')}`;
  }).join('\n\n');
}

/** The flags as a part of a configuration. What is unset is null. */
export async function configOf(kind: string, flags: ConfigFlags, around: ConfigSurroundings): Promise<Record<string, JsonValue>> {
  const properties = configProperties(kind);
  const secrets = channelDefinition(kind)?.secrets ?? [];
  const config: Record<string, JsonValue> = {};
  for (const text of flags.set ?? []) {
    const [path, value] = splitPair('set', text);
    const [name = ''] = path.split('.', 1);
    if (secrets.includes(name) && !value.startsWith('@'))
      around.warn(`Warning: others on this machine can see the ${name} in the list of processes; --secret-file and --secret-env hide it.`);
    put(config, properties, path, value.startsWith('@') ? await readValue(value.slice(1), around) : value);
  }
  for (const text of flags.secretFile ?? []) {
    const [path, file] = ofSecret(text, secrets);
    put(config, properties, path, await readValue(file, around));
  }
  for (const text of flags.secretEnv ?? []) {
    const [path, variable] = ofSecret(text, secrets);
    const value = around.env[variable];
    if (value === undefined || value === '') throw new MusterError('usage', `The environment has no ${variable}.`, { details: { flag: 'secret-env' } });
    put(config, properties, path, value);
  }
  for (const name of flags.unset ?? []) {
    known(properties, name);
    config[name] = null;
  }
  return config;
}

function put(config: Record<string, JsonValue>, properties: Readonly<Record<string, Property>>, path: string, text: string): void {
  const dot = path.indexOf('.');
  const name = dot < 0 ? path : path.slice(0, dot);
  const { type, items } = known(properties, name);
  if (type === 'object') {
    if (dot < 0) throw new MusterError('usage', `${name} has names of its own.`, { hint: `Write ${name}.NAME=VALUE.`, details: { flag: 'set' } });
    const parts = config[name];
    config[name] = { ...(typeof parts === 'object' && parts !== null && !Array.isArray(parts) ? parts : {}), [path.slice(dot + 1)]: text };
    return;
  }
  if (dot >= 0) throw new MusterError('usage', `${name} has no names of its own.`, { details: { flag: 'set' } });
  if (type === 'array') {
    const list = config[name];
    config[name] = [...(Array.isArray(list) ? (list as JsonValue[]) : []), readAs(name, text, items?.type)];
    return;
  }
  config[name] = readAs(name, text, type);
}

function known(properties: Readonly<Record<string, Property>>, name: string): Property {
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (property !== undefined) return property;
  throw new MusterError('usage', `A channel of this kind has no ${name}.`, { hint: `It has ${Object.keys(properties).join(', ')}.`, details: { field: name } });
}

function readAs(name: string, text: string, type: string | undefined): JsonValue {
  if (type === 'number' || type === 'integer') {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(number)) throw new MusterError('usage', `${name} \`${text}\` is not a number.`, { details: { field: name } });
    return number;
  }
  if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw new MusterError('usage', `${name} \`${text}\` is not true or false.`, { details: { field: name } });
    return text === 'true';
  }
  return text;
}

function splitPair(flag: string, text: string): [string, string] {
  const at = text.indexOf('=');
  // The value may be a secret: it is not repeated.
  if (at < 1) throw new MusterError('usage', `--${flag} wants NAME=VALUE.`, { details: { flag } });
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `secret=file`, or the file alone where the kind has a first secret. */
function ofSecret(text: string, secrets: readonly string[]): [string, string] {
  const at = text.indexOf('=');
  const path = at < 0 ? secrets[0] : text.slice(0, at);
  const [name = ''] = (path ?? '').split('.', 1);
  if (path === undefined || !secrets.includes(name))
    throw new MusterError('usage', `${name === '' ? 'It' : name} is no secret of this kind of channel.`, { hint: `The secrets are ${secrets.join(', ')}.` });
  return [path, text.slice(at + 1)];
}

/** A file without the line break at its end; - is stdin. */
async function readValue(file: string, { signal }: ConfigSurroundings): Promise<string> {
  const text = file === '-' ? await readStdin(BYTES_MAX, signal) : await readText(createReadStream(file), { bytesMax: BYTES_MAX, signal, name: file });
  return text.replace(/\r?\n$/, '');
}
