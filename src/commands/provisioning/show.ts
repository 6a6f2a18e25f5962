import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { PROVISIONING_RULE_COLUMNS } from '../../lib/cli/provisioning-columns.ts';

export default class ProvisioningShow extends HubCommand<typeof ProvisioningShow> {
  static override summary = 'Show a rule about devices that register themselves';
  static override description = 'As YAML (--output yaml) it is a file that `provisioning create` and `provisioning update` take.';
  static override args = { rule: Args.string({ description: 'Name of the rule', required: true }) };
  static override examples = ['<%= config.bin %> provisioning show known', '<%= config.bin %> provisioning show known --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printOne(await hub.provisioningRules.show(this.args.rule), PROVISIONING_RULE_COLUMNS);
  }
}
