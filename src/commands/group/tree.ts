import { Args, Flags } from '@oclif/core';
import { durationFlag, listFlags } from '../../lib/cli/flags.ts';
import { rollupColumns } from '../../lib/cli/group-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { ROLLUP_AGGREGATES } from '../../lib/domain/aggregate.ts';
import { depthOf } from '../../lib/domain/group.ts';

export default class GroupTree extends HubCommand<typeof GroupTree> {
  static override summary = 'Show groups as a tree, with what is in them now';
  static override description =
    'For each group with all below it: its devices and how many are online, its active alarms by severity (those that are shelved or suppressed left out), and the newest values of points made one. A device that is in two groups below is one device above.';
  static override args = { path: Args.string({ description: 'The group to begin at; without it all' }) };
  static override flags = {
    depth: Flags.integer({ summary: 'So many levels below; 0 for one level alone', min: 0, max: 16, helpValue: '<levels>' }),
    point: Flags.string({ summary: 'A point of the devices; repeats', helpValue: '<point>', multiple: true, multipleNonGreedy: true }),
    aggregate: Flags.option({ summary: 'What its newest values become', options: ROLLUP_AGGREGATES, default: 'avg' as const })(),
    'max-age': durationFlag({ summary: 'Leave out values that are older' }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> group tree',
    '<%= config.bin %> group tree paris --depth 1 --point boiler/temperature --aggregate max --max-age 1h',
    { description: 'Sites with an active alarm, for a script:', command: '<%= config.bin %> group tree --depth 0 --all --json --columns group,alarms' },
  ];

  async run(): Promise<void> {
    const { depth, point = [], aggregate } = this.flags;
    const within = this.args.path;
    const maxAgeMs = this.flags['max-age'];
    const hub = await this.hub();
    const filters = {
      aggregate,
      ...(within === undefined ? {} : { within }),
      ...(depth === undefined ? {} : { depth }),
      ...(point.length === 0 ? {} : { point }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    };
    const columns = rollupColumns(point, within === undefined ? 0 : depthOf(within));
    await this.printList((limit) => hub.groups.rollups(filters, { limit }), columns, this.flags);
  }
}
