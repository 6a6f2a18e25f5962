import { Args } from '@oclif/core';
import { awaitCommand, failUnlessApplied } from '../../lib/cli/await-command.ts';
import { COMMAND_COLUMNS } from '../../lib/cli/command-columns.ts';
import { WAIT_DEFAULT_MS, waitFlags } from '../../lib/cli/command-flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class CommandShow extends HubCommand<typeof CommandShow> {
  static override summary = 'Show what was asked of a device, and what became of it';
  static override description = 'With --wait, once it is settled: as `muster set --wait`, for one that was asked before.';
  static override args = { command: Args.string({ description: 'Id of the command', required: true }) };
  static override flags = waitFlags;
  static override examples = [
    '<%= config.bin %> command show 0199c0de-0000-7000-8000-000000000000',
    '<%= config.bin %> command show 0199c0de-0000-7000-8000-000000000000 --json',
  ];

  async run(): Promise<void> {
    const { wait, for: patience = WAIT_DEFAULT_MS } = this.flags;
    this.checkColumns(COMMAND_COLUMNS);
    const hub = await this.hub();
    const found = await hub.commands.show(this.args.command);
    const command = wait ? await awaitCommand(hub, found, patience) : found;
    await this.printOne(command, COMMAND_COLUMNS);
    if (wait) failUnlessApplied(command, patience);
  }
}
