import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';

export default class CaRemove extends HubCommand<typeof CaRemove> {
  static override summary = 'Remove certificate authorities: their certificates count no more';
  static override description =
    'Of an own authority the key is gone for good. Sessions of devices with certificates of it are cut, and they are refused from then on. To change over without a gap, make or register another first and have the certificates of the devices renewed.';
  static override args = { name: Args.string({ description: 'Names of the authorities', required: true, multiple: true }) };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = ['<%= config.bin %> ca remove factory --dry-run', '<%= config.bin %> ca remove factory --yes'];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const hub = await this.writable();
    const names = this.args.name;
    const dryRun = this.flags['dry-run'];
    if (!dryRun)
      await confirmUnless(
        this.flags.yes,
        `Remove ${names.length === 1 ? `the certificate authority ${names[0]}` : `${names.length} certificate authorities`}?`,
        this.signal,
      );
    const rows = await runBulk(names, { done: 'removed', dryRun, act: (name) => hub.cas.remove(name), check: (name) => hub.cas.show(name) });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
