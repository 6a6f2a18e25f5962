import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { ROUTE_COLUMNS } from '../../lib/cli/notification-columns.ts';

export default class RouteList extends HubCommand<typeof RouteList> {
  static override summary = 'List routes';
  static override description = 'Which alarms go where. Which of them an alarm would take: `muster route test`.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> route list', '<%= config.bin %> route list --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.routes.list({ limit }), ROUTE_COLUMNS, this.flags);
  }
}
