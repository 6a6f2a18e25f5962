import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class ClaimRevoke extends HubCommand<typeof ClaimRevoke> {
  static override summary = 'Revoke claims, at once and for good';
  static override description =
    'No device comes with it from then on. Those that came before keep their identity. With several, one row for each: when some could not be revoked, the others are, and the exit code is 7.';
  static override args = { claim: Args.string({ description: 'Names of the claims', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> claim revoke batch-1', '<%= config.bin %> claim revoke batch-1 batch-2 --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const ids = this.args.claim;
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    if (!dryRun) await confirmUnless(this.flags.yes, `Revoke ${ids.length === 1 ? `the claim ${ids[0]}` : `${ids.length} claims`}?`, this.signal);
    const rows = await runBulk(ids, { done: 'revoked', dryRun, act: (id) => hub.claims.revoke(id), check: (id) => hub.claims.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
