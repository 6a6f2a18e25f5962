import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class DeviceDelete extends HubCommand<typeof DeviceDelete> {
  static override summary = 'Delete devices, with their credentials and points';
  static override description = 'One row for each device. When some could not be deleted, the others are, and the exit code is 7.';
  static override args = { device: Args.string({ description: 'Ids of the devices, or aliases as kind:value', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = [
    '<%= config.bin %> device delete boiler-7',
    '<%= config.bin %> device delete boiler-7 boiler-8 --dry-run',
    '<%= config.bin %> device delete boiler-7 boiler-8 --yes --json',
  ];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const ids = this.args.device;
    const dryRun = this.flags['dry-run'];
    if (!dryRun) await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the device ${ids[0]}` : `${ids.length} devices`}?`, this.signal);
    const rows = await runBulk(ids, { done: 'deleted', dryRun, act: (id) => hub.devices.delete(id), check: (id) => hub.devices.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
