import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CHANNEL_TEST_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class ChannelTest extends HubCommand<typeof ChannelTest> {
  static override summary = 'Send a test over a channel, and say what the receiver answered';
  static override description =
    'By the code that sends alarms, also over a channel that is disabled; the receiver can tell it from an alarm. The exit code is 1 when it was not delivered.';
  static override args = { channel: Args.string({ description: 'Id of the channel', required: true }) };
  static override examples = ['<%= config.bin %> channel test local', '<%= config.bin %> channel test local --json'];

  async run(): Promise<void> {
    this.checkColumns(CHANNEL_TEST_COLUMNS);
    const hub = await this.writable();
    const tested = await hub.channels.test(this.args.channel);
    await this.printOne(tested, CHANNEL_TEST_COLUMNS);
    if (tested.delivered) return;
    throw new MusterError('undelivered', `The test of the channel ${this.args.channel} was not delivered: ${tested.answer}`, { details: { ...tested } });
  }
}
