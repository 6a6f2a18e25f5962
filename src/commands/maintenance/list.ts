import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { MAINTENANCE_COLUMNS } from '../../lib/cli/rule-columns.ts';

export default class MaintenanceList extends HubCommand<typeof MaintenanceList> {
  static override summary = 'List maintenances: announced, under way, and those that ended in the last 30 days';
  static override description = 'By their beginning. Meanwhile the alarms of the devices in their scope are suppressed.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> maintenance list', '<%= config.bin %> maintenance list --all --json'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.maintenances.list({ limit }), MAINTENANCE_COLUMNS, this.flags);
  }
}
