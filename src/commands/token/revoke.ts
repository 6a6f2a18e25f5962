import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class TokenRevoke extends HubCommand<typeof TokenRevoke> {
  static override summary = 'Revoke API tokens, at once and for good';
  static override description =
    'A revoked token is refused from the next request on. With several, one row for each: when some could not be revoked, the others are, and the exit code is 7.';
  static override args = { id: Args.string({ description: 'Ids of the tokens, as `token list` shows them', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> token revoke 01f3a9', '<%= config.bin %> token revoke 01f3a9 7c20bb --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const ids = this.args.id;
    const dryRun = this.flags['dry-run'];
    if (!dryRun) await confirmUnless(this.flags.yes, `Revoke ${ids.length === 1 ? `the token ${ids[0]}` : `${ids.length} tokens`}?`, this.signal);
    const rows = await runBulk(ids, {
      done: 'revoked',
      dryRun,
      act: (id) => hub.tokens.revoke(id),
      check: async (id) => {
        for await (const token of hub.tokens.list()) if (token.id === id) return;
        throw new MusterError('not_found', `There is no token ${id}.`);
      },
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
