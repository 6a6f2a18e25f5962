import { Args, Flags } from '@oclif/core';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CLAIM_COLUMNS, CLAIMED_DEVICE_COLUMNS } from '../../lib/cli/provisioning-columns.ts';

export default class ClaimShow extends HubCommand<typeof ClaimShow> {
  static override summary = 'Show a claim, or the devices that came with it';
  static override description = 'A device that was deleted is not listed any more; its place stays taken.';
  static override args = { claim: Args.string({ description: 'Name of the claim', required: true }) };
  static override flags = { devices: Flags.boolean({ summary: 'List the devices that came with it' }), ...listFlags };
  static override examples = ['<%= config.bin %> claim show batch-1', '<%= config.bin %> claim show batch-1 --devices --all'];

  async run(): Promise<void> {
    const { claim } = this.args;
    const hub = await this.hub();
    if (this.flags.devices) return this.printList((limit) => hub.claims.devices(claim, { limit }), CLAIMED_DEVICE_COLUMNS, this.flags);
    await this.printOne(await hub.claims.show(claim), CLAIM_COLUMNS);
  }
}
