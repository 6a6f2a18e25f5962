import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class RuleDisable extends HubCommand<typeof RuleDisable> {
  static override summary = 'Put alarm rules out of force; their alarms are withdrawn';
  static override description = 'The rules stay as they are. For work on some devices, announce a maintenance instead: `muster maintenance create`.';
  static override args = { rule: Args.string({ description: 'Ids of the rules', required: true, multiple: true }) };
  static override flags = { 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> rule disable boiler-hot', '<%= config.bin %> rule disable boiler-hot silent'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const rows = await runBulk(this.args.rule, { done: 'disabled', dryRun, act: (id) => hub.rules.disable(id), check: (id) => hub.rules.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
