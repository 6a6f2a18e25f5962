import type { Column } from '../../lib/cli/column.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';
import type { SettingProblem } from '../../lib/config/load-settings.ts';
import { settingFlags } from '../../lib/config/setting-flags.ts';
import { CATALOGUE } from '../../lib/errors/catalogue.ts';

const COLUMNS: readonly Column<SettingProblem>[] = [
  { name: 'setting', value: (row) => row.setting, text: (row) => row.setting ?? '-' },
  { name: 'source', value: (row) => row.source },
  { name: 'problem', value: (row) => row.problem, wrap: true },
];

export default class SettingsValidate extends MusterCommand<typeof SettingsValidate> {
  static override summary = 'Check the settings of a hub and list every problem';
  static override description =
    `Checks what \`muster serve\` would check, without starting anything: names, types and ranges from flags, environment and file, and what does not go together. Exit code 0 when a hub would start with them, 2 when not.`;
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --http 9000 --mqtt off --json'];
  static override flags = settingFlags();

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const { checkSettings } = await import('../../lib/config/load-settings.ts');
    const { problems } = await checkSettings({ flags: this.flags, env: process.env, file: this.flags.config });
    if (problems.length > 0 || this.output !== 'table') await this.print(problems, COLUMNS);
    this.say(problems.length === 0 ? 'The settings are valid.' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`);
    if (problems.length > 0) process.exitCode = CATALOGUE.invalid_settings.exit;
  }
}
