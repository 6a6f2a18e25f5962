import { Args, Flags } from '@oclif/core';
import { withRemoved } from '../../lib/cli/device-flags.ts';
import { pairsOf } from '../../lib/cli/flags.ts';
import { bulkFlags } from '../../lib/enrolment/bulk-flags.ts';
import { DeviceBulkCommand } from '../../lib/enrolment/device-bulk-command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class DeviceLabel extends DeviceBulkCommand<typeof DeviceLabel> {
  static override summary = 'Put labels on devices, or take them off';
  static override description =
    'Labels that are not named stay as they are. Each chunk of devices is one transaction, with a row for each device; the same command again completes what was interrupted. Exit code 7 when some failed.';
  static override args = { device: Args.string({ description: 'Ids of devices, or aliases as kind:value', multiple: true }) };
  static override flags = {
    set: Flags.string({ char: 's', summary: 'A label; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    remove: Flags.string({ char: 'r', summary: 'A label to take off; repeats', helpValue: '<name>', multiple: true, multipleNonGreedy: true }),
    ...bulkFlags,
  };
  static override examples = [
    '<%= config.bin %> device label boiler-7 boiler-8 --set floor=2 --yes',
    '<%= config.bin %> device label --selector site=paris --set customer=acme --remove floor --dry-run',
  ];

  async run(): Promise<void> {
    const labels = withRemoved(pairsOf('set', this.flags.set), this.flags.remove);
    if (Object.keys(labels).length === 0)
      throw new MusterError('usage', 'There is no label to put on or take off.', { hint: 'Give --set NAME=VALUE or --remove NAME.' });
    await this.changeMany(this.named(this.args.device), { kind: 'update', change: { labels } }, 'Label');
  }
}
