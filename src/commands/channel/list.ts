import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CHANNEL_COLUMNS } from '../../lib/cli/notification-columns.ts';

export default class ChannelList extends HubCommand<typeof ChannelList> {
  static override summary = 'List channels';
  static override description = 'Secrets are never shown, only which are set. What became of notifications: `muster delivery list`.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> channel list', '<%= config.bin %> channel list --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.channels.list({ limit }), CHANNEL_COLUMNS, this.flags);
  }
}
