import type { Column } from '../../lib/cli/column.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';
import { settingFlags } from '../../lib/config/setting-flags.ts';
import type { SettingRow } from '../../lib/config/setting-rows.ts';

const COLUMNS: readonly Column<SettingRow>[] = [
  { name: 'setting', value: (row) => row.setting },
  { name: 'value', value: (row) => row.value, text: (row) => (typeof row.value === 'string' ? row.value : JSON.stringify(row.value)), wrap: true },
  { name: 'source', value: (row) => row.source },
  { name: 'default', value: (row) => row.default, text: (row) => JSON.stringify(row.default), wide: true },
  { name: 'variable', value: (row) => row.variable, wide: true },
  { name: 'summary', value: (row) => row.summary, wide: true },
];

export default class SettingsShow extends MusterCommand<typeof SettingsShow> {
  static override summary = 'Show the settings a hub would start with, and where each came from';
  static override description =
    `Takes the flags of \`muster serve\` and reads the same variables and file, so what it prints is what a hub started the same way uses. A flag wins over the environment (MUSTER_*), that over the file, that over the default.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --http 9000 --set mqtt.receive-maximum=20 --columns setting,value,source',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = settingFlags();

  async run(): Promise<void> {
    const { loadSettings } = await import('../../lib/config/load-settings.ts');
    const { settingRows } = await import('../../lib/config/setting-rows.ts');
    const loaded = await loadSettings({ flags: this.flags, env: process.env, file: this.flags.config });
    await this.print(settingRows(loaded), COLUMNS);
  }
}
