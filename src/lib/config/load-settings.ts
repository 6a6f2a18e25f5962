import { nearestName } from '../domain/nearest-name.ts';
import { MusterError } from '../errors/muster-error.ts';
import { checkCombinations } from './check-combinations.ts';
import { describeShape, fromText, type SettingShape, shapeOf } from './setting-shape.ts';
import { defaultSettings, environmentName, SETTINGS, type SettingDefinition, type SettingName, type Settings } from './settings.ts';
import { readSettingsFile, unknownSetting } from './settings-file.ts';

export interface SettingSources {
  /** The parsed flags of the command: `http`, `tls-cert`, ..., `set` (texts `name=value`); others are ignored. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The YAML file. */
  readonly file?: string | undefined;
}

export interface SettingProblem {
  /** `null` when the file as a whole is wrong. */
  readonly setting: string | null;
  /** As an origin. */
  readonly source: string;
  readonly problem: string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Where each value came from: `flag --http`, `MUSTER_HTTP_PORT`, `hub.yaml:3` or `default`. */
  readonly origins: Readonly<Record<SettingName, string>>;
}

export interface CheckedSettings extends LoadedSettings {
  /** With any, `settings` holds the default in place of what is wrong, and must not be used. */
  readonly problems: readonly SettingProblem[];
}

/** The settings in force: flag before environment before file before default. Throws `invalid_settings` with every problem. */
export async function loadSettings(sources: SettingSources): Promise<LoadedSettings> {
  const { settings, origins, problems } = await checkSettings(sources);
  if (problems.length > 0) throw settingsError(problems);
  return { settings, origins };
}

/** One error for all problems; `details.problems` lists them. */
export function settingsError(problems: readonly SettingProblem[]): MusterError {
  const lines = problems.map((problem) => `${problem.setting ?? 'file'} (${problem.source}) ${problem.problem}`);
  const head = lines.length === 1 ? 'A setting of the hub is wrong' : `${lines.length} settings of the hub are wrong`;
  return new MusterError('invalid_settings', `${head}: ${lines.join('; ')}`, { details: { problems } });
}

interface Entry {
  readonly name: SettingName;
  readonly value: unknown;
  readonly source: string;
}

/** The same without throwing: every problem of every source, also of values that another source overrides. */
export async function checkSettings({ flags = {}, env = {}, file }: SettingSources): Promise<CheckedSettings> {
  const problems: SettingProblem[] = [];
  const shapes = new Map<SettingName, SettingShape>();
  const shape = (name: SettingName): SettingShape => {
    const known = shapes.get(name) ?? shapeOf(SETTINGS[name]);
    shapes.set(name, known);
    return known;
  };
  const fromFile = file === undefined ? { entries: [], problems: [] } : await readSettingsFile(file);
  problems.push(...fromFile.problems);
  // Least important first: each overwrites what is there.
  const entries: Entry[] = [...fromFile.entries, ...fromEnvironment(env, shape, problems), ...fromFlags(flags, shape, problems)];

  const settings: Record<string, unknown> = defaultSettings();
  const origins = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, 'default'])) as Record<SettingName, string>;
  for (const { name, value, source } of entries) {
    const definition: SettingDefinition = SETTINGS[name];
    const result = definition.schema.safeParse(value);
    if (result.success) {
      settings[name] = result.data;
      origins[name] = source;
    } else {
      const but = definition.secret === true ? '' : `, not ${head(value)}`;
      problems.push({ setting: name, source, problem: `must be ${describeShape(shape(name))}${but}` });
    }
  }
  const merged = settings as unknown as Settings;
  if (merged.ephemeral && merged.data !== null) {
    const stronger = strength(origins.ephemeral) > strength(origins.data);
    // A one-off `--ephemeral` beside a MUSTER_DATA of the shell's profile is no contradiction; two equal wishes are.
    if (stronger) Object.assign(settings, { data: null });
    else problems.push({ setting: 'ephemeral', source: origins.ephemeral, problem: `keeps no data, but data is set by ${origins.data}` });
  }
  for (const { setting, problem } of await checkCombinations(merged)) {
    // A value that is wrong by itself stands as its default here: what follows from that would only mislead.
    if (!problems.some((known) => known.setting === setting)) problems.push({ setting, source: origins[setting], problem });
  }
  return { settings: merged, origins, problems };
}

function strength(origin: string): number {
  if (origin.startsWith('flag ')) return 3;
  if (origin.startsWith('MUSTER_')) return 2;
  return origin === 'default' ? 0 : 1;
}

type ShapeLookup = (name: SettingName) => SettingShape;

function fromEnvironment(env: NonNullable<SettingSources['env']>, shape: ShapeLookup, problems: SettingProblem[]): Entry[] {
  const entries: Entry[] = [];
  const names = new Map((Object.keys(SETTINGS) as SettingName[]).map((name) => [environmentName(name), name]));
  for (const [variable, text] of Object.entries(env)) {
    // An empty variable counts as not set, as everywhere in a shell.
    if (!variable.startsWith('MUSTER_') || text === undefined || text === '') continue;
    const name = names.get(variable);
    if (name !== undefined) {
      entries.push({ name, value: fromText(text, shape(name)), source: variable });
      continue;
    }
    // Only a likely slip is refused: other programs set variables with this prefix too (Kubernetes: MUSTER_SERVICE_HOST).
    const nearest = OTHER_VARIABLES.has(variable)
      ? undefined
      : nearestName(
          variable.slice(7),
          [...names.keys()].map((known) => known.slice(7)),
          // A guess here is an error, and variables of other programs must not become one.
          Math.max(1, Math.floor((variable.length - 7) / 4)),
        );
    if (nearest !== undefined) problems.push({ setting: null, source: variable, problem: `is not a setting; did you mean MUSTER_${nearest}?` });
  }
  return entries;
}

/** Read by other parts of Muster, or by its start-up. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['MUSTER_URL', 'MUSTER_TOKEN', 'MUSTER_PROJECT', 'MUSTER_CONFIG']);

function fromFlags(flags: NonNullable<SettingSources['flags']>, shape: ShapeLookup, problems: SettingProblem[]): Entry[] {
  const entries: Entry[] = [];
  const convert = (name: SettingName, value: unknown): unknown => (typeof value === 'string' ? fromText(value, shape(name)) : value);
  for (const [name, definition] of Object.entries(SETTINGS) as [SettingName, SettingDefinition][]) {
    const value = definition.flag === undefined ? undefined : flags[definition.flag];
    if (value !== undefined) entries.push({ name, value: convert(name, value), source: `flag --${definition.flag}` });
  }
  for (const assignment of asTexts(flags.set)) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
    if (name === undefined || value === undefined)
      problems.push({ setting: null, source: 'flag --set', problem: `must be name=value, not ${head(assignment)}` });
    else if (!Object.hasOwn(SETTINGS, name)) problems.push({ setting: name, source: 'flag --set', problem: unknownSetting(name) });
    else {
      const before = entries.find((entry) => entry.name === name);
      if (before !== undefined) problems.push({ setting: name, source: 'flag --set', problem: `is also set by ${before.source}` });
      entries.push({ name: name as SettingName, value: convert(name as SettingName, value), source: 'flag --set' });
    }
  }
  return entries;
}

function asTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

function head(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
