import { Args, Flags } from '@oclif/core';
import { DEVICE_CONFIG_COLUMNS } from '../../../lib/cli/config-columns.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';
import { MusterError } from '../../../lib/errors/muster-error.ts';

export default class DeviceConfigGet extends HubCommand<typeof DeviceConfigGet> {
  static override summary = 'Show the configuration that is wanted of a device, beside the one it says is in force';
  static override description = 'With --document the document alone, as JSON: a file that `device config set --file` takes.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = {
    document: Flags.boolean({ summary: 'Only the document that is wanted' }),
    reported: Flags.boolean({ summary: 'Of --document: the one that the device says is in force', dependsOn: ['document'], exclusive: ['version'] }),
    version: Flags.integer({ summary: 'Of --document: the one of this version', helpValue: '<n>', min: 1, dependsOn: ['document'] }),
  };
  static override examples = [
    '<%= config.bin %> device config get boiler-7',
    '<%= config.bin %> device config get boiler-7 --document',
    '<%= config.bin %> device config get boiler-7 --document --version 2',
  ];

  async run(): Promise<void> {
    const { device } = this.args;
    const { document, reported, version } = this.flags;
    this.checkColumns(DEVICE_CONFIG_COLUMNS);
    const hub = await this.hub();
    if (version !== undefined) return this.#write((await hub.configs.version(device, version)).document);
    const config = await hub.configs.show(device);
    if (!document) return this.printOne(config, DEVICE_CONFIG_COLUMNS);
    const found = reported ? config.reported?.document : config.wanted?.document;
    if (found === undefined || found === null)
      throw new MusterError('not_found', `${config.device} has ${reported ? 'reported no configuration' : 'no configuration'}.`, {
        hint: 'See `muster device config get` without --document.',
      });
    await this.#write(found);
  }

  #write(document: unknown): Promise<void> {
    return this.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}
