import { dataDirectory } from './data-directory.ts';
import type { LoadedSettings } from './load-settings.ts';
import { environmentName, SETTINGS, type SettingDefinition, type SettingName, type Settings } from './settings.ts';

/** One setting in force, as `muster settings show` prints it. */
export interface SettingRow {
  readonly setting: SettingName;
  /** `(secret)` in place of a secret that is set. */
  readonly value: unknown;
  readonly source: string;
  readonly default: unknown;
  readonly variable: string;
  readonly summary: string;
}

export function settingRows({ settings, origins }: LoadedSettings): SettingRow[] {
  return (Object.entries(SETTINGS) as [SettingName, SettingDefinition][]).map(([setting, definition]) => ({
    setting,
    value: setting === 'data' ? dataInForce(settings) : shown(definition, settings[setting]),
    source: origins[setting],
    default: definition.default,
    variable: environmentName(setting),
    summary: definition.summary,
  }));
}

/** An ephemeral hub makes a directory of its own. */
function dataInForce(settings: Settings): string | null {
  return settings.ephemeral ? null : dataDirectory(settings);
}

function shown(definition: SettingDefinition, value: unknown): unknown {
  return definition.secret === true && value !== null ? '(secret)' : value;
}
