import { Args, Flags } from '@oclif/core';
import { JSON_CHANGE_COLUMNS } from '../../../lib/cli/config-columns.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';
import { jsonDifference } from '../../../lib/domain/json-difference.ts';
import type { JsonObject } from '../../../lib/domain/value.ts';

export default class DeviceConfigDiff extends HubCommand<typeof DeviceConfigDiff> {
  static override summary = 'Compare what a device says is in force with what is wanted of it, or two versions';
  static override description = 'One row for each value that differs; none: they are the same. Lists are compared as a whole.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = {
    from: Flags.integer({ summary: 'This version, not what the device reports', helpValue: '<n>', min: 1 }),
    to: Flags.integer({ summary: 'This version, not the wanted one', helpValue: '<n>', min: 1 }),
  };
  static override examples = ['<%= config.bin %> device config diff boiler-7', '<%= config.bin %> device config diff boiler-7 --from 1 --to 2'];

  async run(): Promise<void> {
    const { device } = this.args;
    const { from, to } = this.flags;
    this.checkColumns(JSON_CHANGE_COLUMNS);
    const hub = await this.hub();
    const documentOf = async (version: number) => (await hub.configs.version(device, version)).document;
    const { wanted, reported } = await hub.configs.show(device);
    const before = from === undefined ? reported?.document : await documentOf(from);
    const after = to === undefined ? wanted?.document : await documentOf(to);
    await this.print(jsonDifference((before ?? {}) as JsonObject, (after ?? {}) as JsonObject), JSON_CHANGE_COLUMNS);
  }
}
