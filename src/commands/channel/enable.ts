import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class ChannelEnable extends HubCommand<typeof ChannelEnable> {
  static override summary = 'Let notifications go over channels again';
  static override description = 'What was dropped while a channel was disabled is not told later.';
  static override args = { channel: Args.string({ description: 'Ids of the channels', required: true, multiple: true }) };
  static override flags = { 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> channel enable pager', '<%= config.bin %> channel enable pager mail'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const act = (id: string) => hub.channels.update(id, { enabled: true });
    const rows = await runBulk(this.args.channel, { done: 'enabled', dryRun, act, check: (id) => hub.channels.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
