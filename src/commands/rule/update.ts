import { Args, Flags } from '@oclif/core';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { RuleCommand } from '../../lib/cli/rule-command.ts';
import { RULE_FILE_HELP } from '../../lib/cli/rule-help.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class RuleUpdate extends RuleCommand<typeof RuleUpdate> {
  static override summary = 'Replace alarm rules by what a file says';
  static override description =
    `The whole document is replaced, and gets a new version unless it says the same. Alarms that stand go on standing where the new version finds the same. A document without \`enabled\` leaves the rule enabled or disabled as it is.

${RULE_FILE_HELP}`;
  static override args = { rule: Args.string({ description: 'Id of the rule; without it, those of the file' }) };
  static override flags = {
    file: Flags.string({ summary: 'YAML or JSON file with one rule or several; - for stdin', helpValue: '<file>', required: true }),
    create: Flags.boolean({ summary: 'Make those that do not exist' }),
    version: Flags.integer({ summary: 'Refuse unless the rule has this version: somebody else may have changed it', helpValue: '<n>', min: 1 }),
    'dry-run': dryRunFlag,
  };
  static override examples = [
    { description: 'What would change:', command: '<%= config.bin %> rule update --file rules.yaml --dry-run' },
    '<%= config.bin %> rule update boiler-hot --file rule.yaml --version 1',
    { description: 'Make the hub say what a repository says:', command: '<%= config.bin %> rule update --file rules.yaml --create' },
  ];

  async run(): Promise<void> {
    const { file, create, version, 'dry-run': dryRun } = this.flags;
    const { rule } = this.args;
    const { readRuleFile } = await import('../../lib/cli/rule-file.ts');
    const documents = await readRuleFile(file, this.signal);
    const [only] = documents;
    if (documents.length > 1 && (rule !== undefined || version !== undefined))
      throw new MusterError('usage', `The file holds ${documents.length} rules: an id or --version is for one.`);
    if (rule !== undefined && only?.id !== undefined && only.id !== rule)
      throw new MusterError('usage', `The file is of the rule ${String(only.id)}, not of ${rule}.`, {
        hint: 'A rule keeps its id; make another with `rule create`.',
      });
    const named = rule === undefined || only === undefined || only.id !== undefined ? documents : [{ id: rule, ...only }];
    await this.store(named, { mode: create ? 'either' : 'update', version }, dryRun);
  }
}
