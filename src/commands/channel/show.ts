import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CHANNEL_COLUMNS } from '../../lib/cli/notification-columns.ts';

export default class ChannelShow extends HubCommand<typeof ChannelShow> {
  static override summary = 'Show a channel';
  static override description =
    'Without its secrets. As JSON or YAML in the form that `channel update --file` takes; `channel create --file` wants the secrets besides.';
  static override args = { channel: Args.string({ description: 'Id of the channel', required: true }) };
  static override examples = ['<%= config.bin %> channel show pager', '<%= config.bin %> channel show pager --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printOne(await hub.channels.show(this.args.channel), CHANNEL_COLUMNS);
  }
}
