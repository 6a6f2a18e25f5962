import { Flags } from '@oclif/core';
import type { FlagInput } from '@oclif/core/interfaces';
import { type SettingShape, shapeOf } from './setting-shape.ts';
import { SETTINGS, type SettingDefinition } from './settings.ts';

/** oclif puts `FLAGS` behind it. */
const GROUP = 'HUB SETTING';

/**
 * The flags of every command that starts or checks a hub: one for each setting with a `flag`, `--set` for the others, and
 * `--config`. Values stay text: `checkSettings` converts them, so that all problems are told at once. For the same reason the
 * environment is not oclif's business here: an origin would be lost.
 */
export function settingFlags(): FlagInput {
  const flags: FlagInput = {
    config: Flags.string({
      summary: 'YAML file with settings',
      helpValue: '<file>',
      helpGroup: GROUP,
      env: 'MUSTER_CONFIG',
    }),
    set: Flags.string({
      summary: 'Any setting, such as mqtt.receive-maximum=20; can be repeated',
      helpValue: '<name=value>',
      helpGroup: GROUP,
      multiple: true,
      multipleNonGreedy: true,
    }),
  };
  for (const definition of Object.values(SETTINGS) as SettingDefinition[]) {
    if (definition.flag !== undefined) flags[definition.flag] = flagOf(definition, shapeOf(definition));
  }
  return flags;
}

function flagOf(definition: SettingDefinition, shape: SettingShape) {
  const summary = `${definition.summary}${defaultText(definition.default)}`;
  const shared = { summary, helpGroup: GROUP };
  if (shape.type === 'boolean') return Flags.boolean({ ...shared, allowNo: true });
  if (shape.type === 'choice') return Flags.string({ ...shared, options: [...shape.choices] });
  return Flags.string({ ...shared, helpValue: helpValue(definition, shape) });
}

function helpValue(definition: SettingDefinition, shape: SettingShape): string {
  if (definition.placeholder !== undefined) return `<${definition.placeholder}>`;
  if (shape.type !== 'integer') return '<text>';
  return shape.nullable ? '<number>|off' : '<number>';
}

function defaultText(value: unknown): string {
  return value === null || value === false ? '' : ` [default: ${String(value)}]`;
}
