import { Args } from '@oclif/core';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { MOVED_COLUMNS } from '../../lib/cli/group-columns.ts';
import { mentionLines } from '../../lib/cli/group-flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class GroupMove extends HubCommand<typeof GroupMove> {
  static override summary = 'Move a group with all below it, or give it another name';
  static override description =
    'Its devices come with it, all in one transaction. Rules, routes, maintenance windows and selectors of groups that name the old path are listed: they are not changed. Devices that are in it by their label `group` stay where the label says.';
  static override args = {
    from: Args.string({ description: 'Path of the group', required: true }),
    to: Args.string({ description: 'Its new path; groups above it that are missing are made', required: true }),
  };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = [
    '<%= config.bin %> group move paris/hall-2 paris/north/hall-2 --dry-run',
    '<%= config.bin %> group move paris/hall-2 paris/hall-two --yes',
  ];

  async run(): Promise<void> {
    this.checkColumns(MOVED_COLUMNS);
    const { from, to } = this.args;
    const hub = await this.writable();
    const planned = await hub.groups.move({ from, to, dryRun: true });
    if (!this.flags['dry-run']) {
      const what = `${planned.from} (${planned.groups} ${planned.groups === 1 ? 'group' : 'groups'}, ${planned.devices} devices)`;
      await confirmUnless(this.flags.yes, `Move ${what} to ${to}?`, this.signal);
    }
    const moved = this.flags['dry-run'] ? planned : await hub.groups.move({ from, to });
    for (const line of mentionLines(moved.mentions)) this.say(line);
    if (moved.byLabel > 0) this.say(`${moved.byLabel} devices are in it by their label \`group\`, which still names the old path.`);
    await this.printOne(moved, MOVED_COLUMNS);
  }
}
