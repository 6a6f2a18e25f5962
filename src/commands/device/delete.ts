import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { bulkFlags } from '../../lib/enrolment/bulk-flags.ts';
import { DeviceBulkCommand } from '../../lib/enrolment/device-bulk-command.ts';

export default class DeviceDelete extends DeviceBulkCommand<typeof DeviceDelete> {
  static override summary = 'Delete devices, with their credentials and points';
  static override description =
    'One row for each device. When some could not be deleted, the others are, and the exit code is 7. Those that --selector means go chunk by chunk, each chunk in one transaction, what is behind a gateway before it.';
  static override args = { device: Args.string({ description: 'Ids of the devices, or aliases as kind:value', multiple: true }) };
  static override flags = bulkFlags;
  static override examples = [
    '<%= config.bin %> device delete boiler-7',
    '<%= config.bin %> device delete boiler-7 boiler-8 --dry-run',
    '<%= config.bin %> device delete boiler-7 boiler-8 --yes --json',
    '<%= config.bin %> device delete --selector site=paris,state=retired --yes',
  ];

  async run(): Promise<void> {
    const ids = this.named(this.args.device);
    if (ids.length === 0) return this.changeMany(ids, { kind: 'delete' }, 'Delete');
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const dryRun = this.flags['dry-run'];
    if (!dryRun) await confirmUnless(this.flags.yes, `Delete ${ids.length === 1 ? `the device ${ids[0]}` : `${ids.length} devices`}?`, this.signal);
    const rows = await runBulk(ids, { done: 'deleted', dryRun, act: (id) => hub.devices.delete(id), check: (id) => hub.devices.show(id) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
