import { describeShape, shapeOf } from '../config/setting-shape.ts';
import { environmentName, SETTINGS, type SettingDefinition, type SettingName } from '../config/settings.ts';
import { code, codeBlock, generatedPage, table } from './markdown.ts';

/** docs/reference/settings.md */
export function settingsPage(): string {
  const entries = Object.entries(SETTINGS) as [SettingName, SettingDefinition][];
  const rows = entries.map(([name, definition]) => [
    code(name),
    definition.summary,
    describeShape(shapeOf(definition)),
    code(JSON.stringify(definition.default)),
    definition.flag === undefined ? '' : code(`--${definition.flag}`),
    code(environmentName(name)),
  ]);
  return generatedPage(
    'Settings',
    'src/lib/config/settings.ts',
    'A flag of `muster serve` wins over the environment, that over the file after `--config`, that over the default. `--set name=value` sets any of them. `muster settings show` prints what is in force and where it came from, `muster settings validate` lists every problem.',
    'In the file, groups and dotted names mean the same:',
    codeBlock('yaml', ['host: 127.0.0.1', 'mqtt:', '  port: 1883', '  refuse-subscriptions: ["#"]', 'log.level: warn']),
    table(['setting', 'meaning', 'takes', 'default', 'flag', 'variable'], rows),
  );
}
