import { Flags } from '@oclif/core';
import type { FlagInput } from '@oclif/core/interfaces';
import { type SettingShape, shapeOf } from './setting-shape.ts';
import { environmentName, SETTINGS, type SettingDefinition, type SettingName } from './settings.ts';

const GROUP = 'SETTINGS OF THE HUB';

/**
 * The flags of every command that starts or checks a hub: one for each setting with a `flag`, `--set` for the others, and
 * `--config`. Values stay text: `checkSettings` converts them, so that all problems are told at once. For the same reason the
 * environment is not oclif's business here: an origin would be lost.
 */
export function settingFlags(): FlagInput {
  const flags: FlagInput = {
    config: Flags.string({
      summary: 'YAML file with settings',
      description: 'Groups or dotted names: `mqtt: {port: 1883}` is `mqtt.port: 1883`. See docs/reference/settings.md.',
      helpValue: '<file>',
      helpGroup: GROUP,
      env: 'MUSTER_CONFIG',
    }),
    set: Flags.string({
      summary: 'Any setting; can be repeated',
      description: 'Reaches the settings that have no flag of their own, such as `--set mqtt.receive-maximum=20`.',
      helpValue: '<name=value>',
      helpGroup: GROUP,
      multiple: true,
      multipleNonGreedy: true,
    }),
  };
  for (const [name, definition] of Object.entries(SETTINGS) as [SettingName, SettingDefinition][]) {
    if (definition.flag !== undefined) flags[definition.flag] = flagOf(name, definition, shapeOf(definition));
  }
  return flags;
}

function flagOf(name: SettingName, definition: SettingDefinition, shape: SettingShape) {
  const summary = `${definition.summary}${defaultText(definition.default)}`;
  const description = `Setting ${name}, environment variable ${environmentName(name)}.`;
  const shared = { summary, description, helpGroup: GROUP };
  if (shape.type === 'boolean') return Flags.boolean({ ...shared, allowNo: true });
  if (shape.type === 'choice') return Flags.string({ ...shared, options: [...shape.choices] });
  return Flags.string({ ...shared, helpValue: shape.type === 'integer' ? '<number>' : '<text>' });
}

function defaultText(value: unknown): string {
  return value === null || value === false ? '' : ` [default: ${String(value)}]`;
}
