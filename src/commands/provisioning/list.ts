import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { PROVISIONING_RULE_COLUMNS } from '../../lib/cli/provisioning-columns.ts';

export default class ProvisioningList extends HubCommand<typeof ProvisioningList> {
  static override summary = 'List the rules about devices that register themselves';
  static override description = 'They are asked in the order of their priority, then of their names; the first that holds decides.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> provisioning list --sort priority', '<%= config.bin %> provisioning list --all --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.provisioningRules.list({ limit }), PROVISIONING_RULE_COLUMNS, this.flags);
  }
}
