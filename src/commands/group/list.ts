import { Flags } from '@oclif/core';
import { filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { GROUP_COLUMNS } from '../../lib/cli/group-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class GroupList extends HubCommand<typeof GroupList> {
  static override summary = 'List groups';
  static override description = 'Each before those below it, with the number of its devices: those in it or below it, each once.';
  static override flags = {
    within: filterFlag({ summary: 'This group and those below it', helpValue: '<path>' }),
    depth: Flags.integer({ summary: 'So many levels below; 0 for one level alone', min: 0, max: 16, helpValue: '<levels>' }),
    level: filterFlag({ summary: 'Of this level; repeats', helpValue: '<word>', multiple: true, multipleNonGreedy: true }),
    label: filterFlag({ summary: 'With this label, or this value of it; repeats', helpValue: '<name[=value]>', multiple: true, multipleNonGreedy: true }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> group list',
    '<%= config.bin %> group list --within paris --depth 1',
    { description: 'All sites, by name:', command: '<%= config.bin %> group list --level site --all --output ndjson --columns path,name' },
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const { within, depth, level, label } = this.flags;
    const filters = {
      ...(within === undefined ? {} : { within }),
      ...(depth === undefined ? {} : { depth }),
      ...(level === undefined ? {} : { level }),
      ...(label === undefined ? {} : { label }),
    };
    await this.printList((limit) => hub.groups.list(filters, { limit }), GROUP_COLUMNS, this.flags);
  }
}
