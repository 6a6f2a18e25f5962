import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class RouteEnable extends HubCommand<typeof RouteEnable> {
  static override summary = 'Put routes in force again';
  static override description = 'They tell of what comes from now on.';
  static override args = { route: Args.string({ description: 'Ids of the routes', required: true, multiple: true }) };
  static override flags = { 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> route enable critical', '<%= config.bin %> route enable critical all'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const act = (id: string) => hub.routes.update(id, { enabled: true });
    const rows = await runBulk(this.args.route, { done: 'enabled', dryRun, act, check: (id) => hub.routes.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
