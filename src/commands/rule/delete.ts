import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class RuleDelete extends HubCommand<typeof RuleDelete> {
  static override summary = 'Delete alarm rules; their alarms are withdrawn';
  static override description =
    'Their versions stay to be looked at. With several, one row for each: when some could not be deleted, the others are, and the exit code is 7. To stop a rule for a while, `rule disable` it.';
  static override args = { rule: Args.string({ description: 'Ids of the rules', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> rule delete boiler-hot', '<%= config.bin %> rule delete boiler-hot silent --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const ids = this.args.rule;
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    if (!dryRun)
      await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the rule ${ids[0]}` : `${ids.length} rules`} and withdraw the alarms?`, this.signal);
    const rows = await runBulk(ids, { done: 'deleted', dryRun, act: (id) => hub.rules.delete(id), check: (id) => hub.rules.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
