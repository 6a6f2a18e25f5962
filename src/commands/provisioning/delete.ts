import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class ProvisioningDelete extends HubCommand<typeof ProvisioningDelete> {
  static override summary = 'Delete rules about devices that register themselves';
  static override description =
    'Devices that they let in stay as they are. With several, one row for each: when some could not be deleted, the others are, and the exit code is 7.';
  static override args = { rule: Args.string({ description: 'Names of the rules', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> provisioning delete known', '<%= config.bin %> provisioning delete known --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const ids = this.args.rule;
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    if (!dryRun) await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the rule ${ids[0]}` : `${ids.length} rules`}?`, this.signal);
    const rows = await runBulk(ids, {
      done: 'deleted',
      dryRun,
      act: (id) => hub.provisioningRules.delete(id),
      check: (id) => hub.provisioningRules.show(id),
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
