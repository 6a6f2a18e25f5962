import { Args, Flags } from '@oclif/core';
import { awaitCommand, failUnlessApplied } from '../../../lib/cli/await-command.ts';
import { WAIT_DEFAULT_MS, waitFlags } from '../../../lib/cli/command-flags.ts';
import { CONFIG_VERSION_COLUMNS } from '../../../lib/cli/config-columns.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';

export default class DeviceConfigRollback extends HubCommand<typeof DeviceConfigRollback> {
  static override summary = 'Want the document of an earlier version again';
  static override description =
    'As a new version, so that the history tells what was. Without --to it is the one that the device applied last before the wanted one. Refused when somebody changes the configuration meanwhile.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = {
    to: Flags.integer({ summary: 'The version to go back to', helpValue: '<n>', min: 1 }),
    ...waitFlags,
  };
  static override examples = ['<%= config.bin %> device config rollback boiler-7 --to 1'];

  async run(): Promise<void> {
    const { device } = this.args;
    const { to = null, wait, for: patience = WAIT_DEFAULT_MS } = this.flags;
    this.checkColumns(CONFIG_VERSION_COLUMNS);
    const hub = await this.writable();
    const version = await hub.configs.rollback(device, { to });
    if (!wait) return this.printOne(version, CONFIG_VERSION_COLUMNS);
    const command = await awaitCommand(hub, await hub.commands.show(version.command), patience);
    await this.printOne(await hub.configs.version(device, version.version), CONFIG_VERSION_COLUMNS);
    failUnlessApplied(command, patience);
  }
}
