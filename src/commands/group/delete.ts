import { Args, Flags } from '@oclif/core';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { DELETED_COLUMNS } from '../../lib/cli/group-columns.ts';
import { mentionLines } from '../../lib/cli/group-flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class GroupDelete extends HubCommand<typeof GroupDelete> {
  static override summary = 'Delete a group; its devices stay';
  static override description =
    'A group that has groups below it, or that devices were put into, is not deleted unless --all says so: then all groups below it go too, and the devices are in none of them any more. What names it (rules, routes, maintenance windows, selectors) is listed.';
  static override args = { path: Args.string({ description: 'Path of the group', required: true }) };
  static override flags = {
    all: Flags.boolean({ summary: 'Also when it is not empty, with all groups below it' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = ['<%= config.bin %> group delete boilers', '<%= config.bin %> group delete paris --all --yes'];

  async run(): Promise<void> {
    this.checkColumns(DELETED_COLUMNS);
    const { path } = this.args;
    const { all } = this.flags;
    const dryRun = this.flags['dry-run'];
    const hub = await this.writable();
    const planned = await hub.groups.delete(path, { all, dryRun: true });
    if (!dryRun) {
      const what =
        planned.groups === 1 && planned.devices === 0 ? planned.path : `${planned.path}, ${planned.groups} groups in all with ${planned.devices} devices`;
      await confirmUnless(this.flags.yes, `Delete the group ${what}?`, this.signal);
    }
    const deleted = dryRun ? planned : await hub.groups.delete(path, { all });
    for (const line of mentionLines(deleted.mentions)) this.say(line);
    await this.printOne({ ...deleted, status: dryRun ? 'would be deleted' : 'deleted' }, DELETED_COLUMNS);
  }
}
