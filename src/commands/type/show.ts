import { Args, Flags } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { POINT_DEFINITION_COLUMNS, TYPE_COLUMNS } from '../../lib/cli/type-columns.ts';

export default class TypeShow extends HubCommand<typeof TypeShow> {
  static override summary = 'Show a device type, or its points';
  static override description = 'As JSON or YAML it holds the points too, in the form that `type create --file` takes.';
  static override args = { type: Args.string({ description: 'Id of the type', required: true }) };
  static override flags = { points: Flags.boolean({ summary: 'List its points' }) };
  static override examples = [
    '<%= config.bin %> type show boiler',
    '<%= config.bin %> type show boiler --points',
    '<%= config.bin %> type show boiler --output yaml',
    { description: 'Its points as --point takes them:', command: '<%= config.bin %> type show boiler --points --columns spec --output csv' },
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const type = await hub.types.show(this.args.type);
    if (this.flags.points) await this.print(type.points, POINT_DEFINITION_COLUMNS);
    else await this.printOne(type, TYPE_COLUMNS);
  }
}
