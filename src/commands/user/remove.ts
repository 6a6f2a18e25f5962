import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class UserRemove extends HubCommand<typeof UserRemove> {
  static override summary = 'Remove people, and end their log-ins';
  static override description =
    'The last administrator cannot be removed. With several, one row for each: when some could not be removed, the others are, and the exit code is 7.';
  static override args = { name: Args.string({ description: 'Names of the users', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> user remove grace', '<%= config.bin %> user remove grace ada --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const names = this.args.name;
    const dryRun = this.flags['dry-run'];
    if (!dryRun) await confirmUnless(this.flags.yes, `Remove ${names.length === 1 ? `the user ${names[0]}` : `${names.length} users`}?`, this.signal);
    const rows = await runBulk(names, {
      done: 'removed',
      dryRun,
      act: (name) => hub.users.remove(name),
      check: async (name) => {
        for await (const user of hub.users.list()) if (user.name === name) return;
        throw new MusterError('not_found', `There is no user ${name}.`);
      },
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
