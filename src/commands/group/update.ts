import { Args, Flags } from '@oclif/core';
import { GROUP_COLUMNS } from '../../lib/cli/group-columns.ts';
import { groupChange, groupFlags } from '../../lib/cli/group-flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class GroupUpdate extends HubCommand<typeof GroupUpdate> {
  static override summary = 'Change a group';
  static override description =
    'An empty text clears a level, description or selector. Labels that are not named stay; attributes take the place of all. When the command ends, the devices are those of the new selector. `group move` gives it another path.';
  static override args = { path: Args.string({ description: 'Path of the group', required: true }) };
  static override flags = {
    ...groupFlags,
    unlabel: Flags.string({ summary: 'A label to remove; repeats', helpValue: '<name>', multiple: true, multipleNonGreedy: true }),
  };
  static override examples = [
    '<%= config.bin %> group update paris/hall-2 --name "Hall 2" --label area=north',
    '<%= config.bin %> group update paris --selector "site=paris"',
  ];

  async run(): Promise<void> {
    const change = groupChange(this.flags);
    if (Object.keys(change).length === 0)
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give one of the flags of `muster group update --help`.' });
    this.checkColumns(GROUP_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.groups.update(this.args.path, change), GROUP_COLUMNS);
  }
}
