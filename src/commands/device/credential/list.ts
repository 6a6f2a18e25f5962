import { Args } from '@oclif/core';
import { CREDENTIAL_COLUMNS } from '../../../lib/cli/access-columns.ts';
import { listFlags } from '../../../lib/cli/flags.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';

export default class DeviceCredentialList extends HubCommand<typeof DeviceCredentialList> {
  static override summary = 'List the credentials of a device, without their secrets';
  static override description = 'With their validity. What expired stays in the list for 30 days.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> device credential list boiler-7'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.devices.credentials(this.args.device, { limit }), CREDENTIAL_COLUMNS, this.flags);
  }
}
