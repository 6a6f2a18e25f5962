import { Args } from '@oclif/core';
import type { GroupCreate as Create } from '../../lib/api/schema/groups.ts';
import { GROUP_COLUMNS } from '../../lib/cli/group-columns.ts';
import { groupChange, groupFlags } from '../../lib/cli/group-flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class GroupCreate extends HubCommand<typeof GroupCreate> {
  static override summary = 'Make a group';
  static override description =
    'Groups are trees: a path names a group by what is above it, such as paris/hall-2. Groups above it that are missing are made too. Devices are in a group when they were put there (`group add`), when they are in one below it, or when the selector of the group fits them.';
  static override args = { path: Args.string({ description: 'Path of the group: names joined by /', required: true }) };
  static override flags = groupFlags;
  static override examples = [
    '<%= config.bin %> group create lyon/hall-1 --level hall --name "Hall 1"',
    '<%= config.bin %> group create boilers --selector "type=boiler,site=paris"',
  ];

  async run(): Promise<void> {
    this.checkColumns(GROUP_COLUMNS);
    const facts = groupChange(this.flags) as Omit<Create, 'path'>;
    const hub = await this.writable();
    await this.printOne(await hub.groups.create({ path: this.args.path, ...facts }), GROUP_COLUMNS);
  }
}
