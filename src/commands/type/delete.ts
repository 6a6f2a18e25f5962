import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class TypeDelete extends HubCommand<typeof TypeDelete> {
  static override summary = 'Delete device types that no device uses';
  static override description =
    'A type that devices still have is not deleted. With several, one row for each: when some could not be deleted, the others are, and the exit code is 7.';
  static override args = { type: Args.string({ description: 'Ids of the types', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> type delete probe', '<%= config.bin %> type delete probe boiler --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const ids = this.args.type;
    const dryRun = this.flags['dry-run'];
    if (!dryRun) await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the type ${ids[0]}` : `${ids.length} types`}?`, this.signal);
    const rows = await runBulk(ids, { done: 'deleted', dryRun, act: (id) => hub.types.delete(id), check: (id) => hub.types.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
