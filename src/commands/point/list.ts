import { Args, Flags } from '@oclif/core';
import { filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { POINT_COLUMNS } from '../../lib/cli/type-columns.ts';
import { POINT_KINDS } from '../../lib/domain/point.ts';

export default class PointList extends HubCommand<typeof PointList> {
  static override summary = 'List points with their newest value';
  static override description = 'Each filter narrows the list.';
  static override args = { device: Args.string({ description: 'Ids of devices; without them, of the whole project', multiple: true }) };
  static override flags = {
    point: filterFlag({ summary: 'Path of the points, * for any text; repeats', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
    label: filterFlag({
      summary: 'Of devices with this label, or this value of it; repeats',
      helpValue: '<name[=value]>',
      multiple: true,
      multipleNonGreedy: true,
    }),
    kind: Flags.option({ summary: 'Of this kind; repeats', options: POINT_KINDS, multiple: true, multipleNonGreedy: true })(),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> point list boiler-7',
    '<%= config.bin %> point list --point "*temperature" --label site=paris',
    '<%= config.bin %> point list boiler-7 --all --output csv',
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const { point, label, kind } = this.flags;
    const { device } = this.args;
    const filters = {
      ...(device === undefined ? {} : { device }),
      ...(point === undefined ? {} : { point }),
      ...(label === undefined ? {} : { label }),
      ...(kind === undefined ? {} : { kind }),
    };
    await this.printList((limit) => hub.points.list(filters, { limit }), POINT_COLUMNS, this.flags);
  }
}
