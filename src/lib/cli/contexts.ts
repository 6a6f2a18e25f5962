import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isName } from '../domain/ids.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { withFileLock } from './file-lock.ts';
import { loadConf } from './load-conf.ts';

/** A hub under a name. */
export interface Context {
  readonly name: string;
  readonly url: string;
  readonly token: string | null;
  readonly project: string | null;
  /** Commands that change something refuse to work with it. */
  readonly readOnly: boolean;
  /** PEM file of the CA that signed the hub's certificate. */
  readonly ca?: string;
}

export interface Contexts {
  /** The one in use. */
  readonly current: string | null;
  readonly contexts: readonly Context[];
  /** The file was open to others, and has been closed to them. */
  readonly exposed: boolean;
}

interface StoredContexts {
  current?: string;
  contexts?: Record<string, Omit<Context, 'name'>>;
}

const FILE = 'contexts';
const MODE = 0o600;

/** MUSTER_CONFIG_DIR, or `muster` in XDG_CONFIG_HOME (%LOCALAPPDATA% on Windows), or ~/.config/muster. */
export function configDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.MUSTER_CONFIG_DIR) return env.MUSTER_CONFIG_DIR;
  const base = env.XDG_CONFIG_HOME || (process.platform === 'win32' && env.LOCALAPPDATA) || join(env.HOME || homedir(), '.config');
  return join(base, 'muster');
}

export function contextsFile(directory = configDirectory()): string {
  return join(directory, `${FILE}.json`);
}

/** Read without `conf`, whose loading takes longer than most commands. No file: no contexts. */
export function readContexts(directory = configDirectory()): Contexts {
  const file = contextsFile(directory);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { current: null, contexts: [], exposed: false };
    throw unreadable(file, messageOf(error), error);
  }
  return { ...parseContexts(file, text), exposed: closeToOthers(file) };
}

function parseContexts(file: string, text: string): Omit<Contexts, 'exposed'> {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error: unknown) {
    // The message of JSON.parse quotes its input, and the input holds tokens.
    throw unreadable(file, 'it is not JSON', error instanceof Error ? error.name : undefined);
  }
  if (!isObject(stored) || (stored.contexts !== undefined && !isObject(stored.contexts))) throw unreadable(file, 'it does not hold contexts');
  const contexts = Object.entries(stored.contexts ?? {}).map(([name, entry]) => parseContext(file, name, entry));
  const current = typeof stored.current === 'string' && contexts.some((context) => context.name === stored.current) ? stored.current : null;
  return { current, contexts };
}

function parseContext(file: string, name: string, entry: unknown): Context {
  if (!isObject(entry) || typeof entry.url !== 'string') throw unreadable(file, `its context ${name} has no URL`);
  return {
    name,
    url: entry.url,
    token: typeof entry.token === 'string' ? entry.token : null,
    project: typeof entry.project === 'string' ? entry.project : null,
    // Anything but a plain false protects.
    readOnly: entry.readOnly !== undefined && entry.readOnly !== false,
    ...(typeof entry.ca === 'string' ? { ca: entry.ca } : {}),
  };
}

/** Adds a context or replaces the one of that name. `use` (default true) makes it the current one. */
export async function saveContext(context: Context, options: { readonly use?: boolean; readonly directory?: string } = {}): Promise<void> {
  if (!isName(context.name)) throw new MusterError('invalid_name', `\`${context.name}\` is not a name for a context.`);
  const { name, ...entry } = context;
  await change(options.directory, (stored) => ({
    current: (options.use ?? true) ? name : stored.current,
    contexts: { ...stored.contexts, [name]: entry },
  }));
}

/** The current context from now on. */
export async function switchContext(name: string, directory?: string): Promise<void> {
  await change(directory, (stored) => {
    requireContext(stored, name);
    return { ...stored, current: name };
  });
}

export async function removeContext(name: string, directory?: string): Promise<void> {
  await change(directory, (stored) => {
    requireContext(stored, name);
    const { [name]: _, ...contexts } = stored.contexts ?? {};
    return { current: stored.current === name ? undefined : stored.current, contexts };
  });
}

/** Forgets the token of a context, and keeps the rest. */
export async function forgetToken(name: string, directory?: string): Promise<void> {
  await change(directory, (stored) => {
    const entry = requireContext(stored, name);
    return { ...stored, contexts: { ...stored.contexts, [name]: { ...entry, token: null } } };
  });
}

function requireContext(stored: StoredContexts, name: string): Omit<Context, 'name'> {
  const entry = Object.hasOwn(stored.contexts ?? {}, name) ? stored.contexts?.[name] : undefined;
  if (!entry) throw new MusterError('not_found', `There is no context ${name}.`, { hint: 'See `muster context list`.' });
  return entry;
}

async function change(
  directory = configDirectory(),
  edit: (stored: StoredContexts) => { current?: string | undefined; contexts?: StoredContexts['contexts'] },
) {
  const file = contextsFile(directory);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const Conf = await loadConf();
  // conf replaces the file in one step; the lock keeps what another command adds at the same time.
  await withFileLock(`${file}.lock`, () => {
    readContexts(directory);
    const store = new Conf<StoredContexts>({ cwd: directory, configName: FILE, configFileMode: MODE, accessPropertiesByDotNotation: false });
    const { current, contexts } = edit(store.store);
    store.store = { ...(current === undefined ? {} : { current }), contexts: contexts ?? {} };
  });
  closeToOthers(file);
}

/** Tokens stand in it: nobody but its owner may read it. */
function closeToOthers(file: string): boolean {
  if (process.platform === 'win32' || (statSync(file).mode & 0o077) === 0) return false;
  chmodSync(file, MODE);
  return true;
}

function unreadable(file: string, reason: string, cause?: unknown): MusterError {
  return new MusterError('usage', `The contexts in ${file} cannot be read: ${reason}.`, {
    cause,
    hint: 'Mend the file, or remove it and log in again.',
    details: { file },
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
