import { Args, Flags } from '@oclif/core';

import { awaitCommand, failUnlessApplied } from '../../../lib/cli/await-command.ts';
import { expiryFlag, WAIT_DEFAULT_MS, waitFlags } from '../../../lib/cli/command-flags.ts';
import { CONFIG_PREVIEW_COLUMNS, CONFIG_VERSION_COLUMNS } from '../../../lib/cli/config-columns.ts';
import { ConfigCommand, checkOneOrMany } from '../../../lib/cli/config-command.ts';
import { jobFlags } from '../../../lib/cli/job-flags.ts';

export default class DeviceConfigRollback extends ConfigCommand<typeof DeviceConfigRollback> {
  static override summary = 'Want the document of an earlier version again, of a device or of many';
  static override description =
    'As a new version, so that the history tells what was. Without --to it is the one that the device applied last before the wanted one. Refused when somebody changes the configuration meanwhile. With --selector it is a job over all devices that fit, each with its own history: one that has no such version counts as failed.';
  static override usage = ['device config rollback DEVICE [--to N]', 'device config rollback --selector SELECTOR [--to N]'];
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value; with --selector, none' }) };
  static override flags = {
    to: Flags.integer({ summary: 'The version to go back to', helpValue: '<n>', min: 1 }),
    ...waitFlags,
    ...jobFlags,
    'if-version': Flags.integer({
      summary: 'Only devices of which this version is wanted now',
      helpValue: '<n>',
      min: 1,
      dependsOn: ['selector'],
      helpGroup: 'JOB',
    }),
    comment: Flags.string({ char: 'm', summary: 'Why, for the history', helpValue: '<text>', dependsOn: ['selector'], helpGroup: 'JOB' }),
    expires: { ...expiryFlag, dependsOn: ['selector'], helpGroup: 'JOB' },
  };
  static override examples = [
    '<%= config.bin %> device config rollback boiler-7 --to 1',
    { description: 'Many: what would change, and on how many', command: '<%= config.bin %> device config rollback --selector site=paris --dry-run' },
    '<%= config.bin %> device config rollback --selector site=paris --max-failures 5% --expires 1h --yes',
  ];

  async run(): Promise<void> {
    const { device } = this.args;
    const { selector, to = null, comment = null, wait, for: patience = WAIT_DEFAULT_MS } = this.flags;
    checkOneOrMany(device, selector);
    if (selector !== undefined) {
      if (this.flags['dry-run']) this.checkColumns(CONFIG_PREVIEW_COLUMNS);
      const config = { rollback: { to }, comment, ifVersion: this.flags['if-version'] ?? null };
      return this.askConfigs(selector, 'Roll back the configuration of', config);
    }
    this.checkColumns(CONFIG_VERSION_COLUMNS);
    const hub = await this.writable();
    const version = await hub.configs.rollback(device ?? '', { to });
    if (!wait) return this.printOne(version, CONFIG_VERSION_COLUMNS);
    const command = await awaitCommand(hub, await hub.commands.show(version.command), patience);
    await this.printOne(await hub.configs.version(device ?? '', version.version), CONFIG_VERSION_COLUMNS);
    failUnlessApplied(command, patience);
  }
}
