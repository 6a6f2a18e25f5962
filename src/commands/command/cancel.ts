import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { isSettled } from '../../lib/domain/command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class CommandCancel extends HubCommand<typeof CommandCancel> {
  static override summary = 'Take back what was asked of devices';
  static override description =
    'One that waits is not given to its device any more. A device that has it may do it all the same: what it says then is noted as `late-answer`. One row for each; when some could not be cancelled, the others are, and the exit code is 7.';
  static override args = { command: Args.string({ description: 'Ids of the commands', required: true, multiple: true }) };
  static override flags = { 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> command cancel 0199c0de-0000-7000-8000-000000000000'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const rows = await runBulk(this.args.command, {
      done: 'cancelled',
      dryRun: this.flags['dry-run'],
      act: (id) => hub.commands.cancel(id),
      async check(id) {
        const { state } = await hub.commands.show(id);
        if (isSettled(state)) throw new MusterError('conflict', `command ${id} is ${state} already`);
      },
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
