import { Flags } from '@oclif/core';
import { filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { DELIVERY_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { DELIVERY_STATES } from '../../lib/domain/notification.ts';

export default class DeliveryList extends HubCommand<typeof DeliveryList> {
  static override summary = 'List what was told, or is about to be: the last first';
  static override description = 'One row for each alarm change and channel. Changes that were told together share their `delivery`.';
  static override flags = {
    channel: filterFlag({ summary: 'Only over this channel', helpValue: '<channel>' }),
    alarm: filterFlag({ summary: 'Only of this alarm', helpValue: '<alarm>' }),
    state: Flags.option({ summary: 'Only in this state; repeats', options: DELIVERY_STATES, multiple: true as const, multipleNonGreedy: true as const })(),
    ...listFlags,
  };
  static override examples = ['<%= config.bin %> delivery list', '<%= config.bin %> delivery list --channel pager --state failed --state dropped'];

  async run(): Promise<void> {
    const { channel, alarm, state } = this.flags;
    const hub = await this.hub();
    const filters = { ...(channel !== undefined && { channel }), ...(alarm !== undefined && { alarm }), ...(state !== undefined && { state }) };
    await this.printList((limit) => hub.deliveries.list(filters, { limit }), DELIVERY_COLUMNS, this.flags);
  }
}
