import { Args } from '@oclif/core';
import { GROUP_COLUMNS } from '../../lib/cli/group-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class GroupShow extends HubCommand<typeof GroupShow> {
  static override summary = 'Show a group';
  static override description =
    'What is said of it, and how many groups and devices it has. `group tree` sums up what is in it, `device list --group` lists it.';
  static override args = { path: Args.string({ description: 'Path of the group', required: true }) };
  static override examples = ['<%= config.bin %> group show paris/hall-2', '<%= config.bin %> group show paris --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printOne(await hub.groups.show(this.args.path), GROUP_COLUMNS);
  }
}
