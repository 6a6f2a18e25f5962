import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class ChannelDisable extends HubCommand<typeof ChannelDisable> {
  static override summary = 'Let nothing go over channels for a while';
  static override description = 'What waits for such a channel is dropped, and what comes is not told over it. A test still goes.';
  static override args = { channel: Args.string({ description: 'Ids of the channels', required: true, multiple: true }) };
  static override flags = { 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> channel disable pager', '<%= config.bin %> channel disable pager mail'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const act = (id: string) => hub.channels.update(id, { enabled: false });
    const rows = await runBulk(this.args.channel, { done: 'disabled', dryRun, act, check: (id) => hub.channels.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
