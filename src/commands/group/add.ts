import { GroupMemberCommand, memberArgs, memberFlags } from '../../lib/cli/group-member-command.ts';

export default class GroupAdd extends GroupMemberCommand<typeof GroupAdd> {
  static override summary = 'Put devices into a group';
  static override description =
    'A device may be in several groups. With --selector the devices are those that fit now, put there in one transaction; a group that is to follow by itself has a selector of its own (`group update --selector`). With several devices, one row for each: when some are not there, the others are added, and the exit code is 7.';
  static override args = memberArgs;
  static override flags = memberFlags;
  static override examples = ['<%= config.bin %> group add paris/hall-2 boiler-7 boiler-8', '<%= config.bin %> group add paris --selector site=paris --yes'];

  async run(): Promise<void> {
    await this.change('add');
  }
}
