import { Args } from '@oclif/core';
import { CONFIG_VERSION_COLUMNS } from '../../../lib/cli/config-columns.ts';
import { listFlags } from '../../../lib/cli/flags.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';

export default class DeviceConfigHistory extends HubCommand<typeof DeviceConfigHistory> {
  static override summary = 'List the versions of the configuration of a device: who wanted them, and what the device said';
  static override description = 'Newest first. The hub keeps a limited number for each device (limits.config-versions-kept).';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> device config history boiler-7', '<%= config.bin %> device config history boiler-7 --all --json'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.configs.versions(this.args.device, { limit }), CONFIG_VERSION_COLUMNS, this.flags);
  }
}
