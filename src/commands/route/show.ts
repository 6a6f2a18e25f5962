import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { ROUTE_COLUMNS } from '../../lib/cli/notification-columns.ts';

export default class RouteShow extends HubCommand<typeof RouteShow> {
  static override summary = 'Show a route';
  static override description = 'As JSON or YAML in the form that `route create --file` takes.';
  static override args = { route: Args.string({ description: 'Id of the route', required: true }) };
  static override examples = ['<%= config.bin %> route show critical', '<%= config.bin %> route show critical --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printOne(await hub.routes.show(this.args.route), ROUTE_COLUMNS);
  }
}
