import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class RuleEnable extends HubCommand<typeof RuleEnable> {
  static override summary = 'Put alarm rules in force';
  static override description = 'What already holds is told at once: `rule backtest` says beforehand how much that is.';
  static override args = { rule: Args.string({ description: 'Ids of the rules', required: true, multiple: true }) };
  static override flags = { 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> rule enable boiler-hot', '<%= config.bin %> rule enable boiler-hot silent'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const rows = await runBulk(this.args.rule, { done: 'enabled', dryRun, act: (id) => hub.rules.enable(id), check: (id) => hub.rules.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
