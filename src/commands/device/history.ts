import { Args } from '@oclif/core';
import { CONNECTION_COLUMNS } from '../../lib/cli/connection-columns.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class DeviceHistory extends HubCommand<typeof DeviceHistory> {
  static override summary = 'List the connections of a device: when, from where, how, and why they ended';
  static override description =
    'Newest first. The hub keeps a limited number for each device (limits.connections-kept, connections.kept-days). What else happened to it: `muster event list --device`.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> device history boiler-7', '<%= config.bin %> device history boiler-7 --all --output csv'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.devices.connections(this.args.device, { limit }), CONNECTION_COLUMNS, this.flags);
  }
}
