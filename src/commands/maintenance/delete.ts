import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class MaintenanceDelete extends HubCommand<typeof MaintenanceDelete> {
  static override summary = 'End a maintenance at once, or call it off';
  static override description =
    'Alarms that it suppressed and that still hold are told. With several, one row for each; exit code 7 when some could not be ended.';
  static override args = { maintenance: Args.string({ description: 'Ids, as `maintenance list` shows them', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> maintenance delete 0198c0de-0000-7000-8000-000000000000 --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const ids = this.args.maintenance;
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    if (!dryRun) await confirmUnless(this.flags.yes, `End ${ids.length === 1 ? 'the maintenance' : `${ids.length} maintenances`}?`, this.signal);
    const check = async (id: string): Promise<void> => {
      for await (const window of hub.maintenances.list()) if (window.id === id) return;
      throw new MusterError('not_found', `There is no maintenance ${id}.`);
    };
    const rows = await runBulk(ids, { done: 'ended', dryRun, act: (id) => hub.maintenances.delete(id), check });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
