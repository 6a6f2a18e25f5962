import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class RouteDelete extends HubCommand<typeof RouteDelete> {
  static override summary = 'Delete routes';
  static override description =
    'What waits already is still told. With several, one row for each: when some could not be deleted, the others are, and the exit code is 7.';
  static override args = { route: Args.string({ description: 'Ids of the routes', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> route delete critical', '<%= config.bin %> route delete critical --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const ids = this.args.route;
    if (!dryRun) await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the route ${ids[0]}` : `${ids.length} routes`}?`, this.signal);
    const rows = await runBulk(ids, { done: 'deleted', dryRun, act: (id) => hub.routes.delete(id), check: (id) => hub.routes.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
