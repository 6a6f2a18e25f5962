import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class ChannelDelete extends HubCommand<typeof ChannelDelete> {
  static override summary = 'Delete channels that no route names';
  static override description =
    'What waits for them is dropped. With several, one row for each: when some could not be deleted, the others are, and the exit code is 7.';
  static override args = { channel: Args.string({ description: 'Ids of the channels', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> channel delete spare', '<%= config.bin %> channel delete spare --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const ids = this.args.channel;
    if (!dryRun) await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the channel ${ids[0]}` : `${ids.length} channels`}?`, this.signal);
    const rows = await runBulk(ids, { done: 'deleted', dryRun, act: (id) => hub.channels.delete(id), check: (id) => hub.channels.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
