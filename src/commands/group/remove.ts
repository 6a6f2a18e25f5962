import { GroupMemberCommand, memberArgs, memberFlags } from '../../lib/cli/group-member-command.ts';

export default class GroupRemove extends GroupMemberCommand<typeof GroupRemove> {
  static override summary = 'Take devices out of a group';
  static override description =
    'What `group add` did. A device that is in it by its label `group`, by the selector of the group, or by a group below, stays in it for that. With several devices, one row for each: when some are not there, the others are removed, and the exit code is 7.';
  static override args = memberArgs;
  static override flags = memberFlags;
  static override examples = ['<%= config.bin %> group remove paris/hall-2 boiler-7', '<%= config.bin %> group remove paris --selector "site!=paris" --yes'];

  async run(): Promise<void> {
    await this.change('remove');
  }
}
