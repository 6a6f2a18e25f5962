import { Flags } from '@oclif/core';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CLAIM_COLUMNS } from '../../lib/cli/provisioning-columns.ts';

export default class ClaimList extends HubCommand<typeof ClaimList> {
  static override summary = 'List claims, without their secrets';
  static override description = 'With the places that are taken. Ended ones stay in the list for 90 days.';
  static override flags = {
    live: Flags.boolean({ summary: 'Only those that devices can come with: neither revoked nor expired nor full' }),
    ...listFlags,
  };
  static override examples = ['<%= config.bin %> claim list', '<%= config.bin %> claim list --live --output csv'];

  async run(): Promise<void> {
    const filters = this.flags.live ? { live: 'true' as const } : {};
    const hub = await this.hub();
    await this.printList((limit) => hub.claims.list(filters, { limit }), CLAIM_COLUMNS, this.flags);
  }
}
