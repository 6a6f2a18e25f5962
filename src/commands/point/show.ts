import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { POINT_COLUMNS } from '../../lib/cli/type-columns.ts';

export default class PointShow extends HubCommand<typeof PointShow> {
  static override summary = 'Show a point: what it is, and its newest value';
  static override description = 'Its kind, value type, unit and limits, and the newest value with its time and quality. Older values: `muster query`.';
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }),
    point: Args.string({ description: 'Path of the point, such as boiler/temperature', required: true }),
  };
  static override examples = ['<%= config.bin %> point show boiler-7 boiler/temperature', '<%= config.bin %> point show boiler-7 boiler/temperature --json'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printOne(await hub.points.show(this.args.device, this.args.point), POINT_COLUMNS);
  }
}
