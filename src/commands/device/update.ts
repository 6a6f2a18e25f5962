import { Args, Flags } from '@oclif/core';
import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { aliasesOf, withRemoved } from '../../lib/cli/device-flags.ts';
import { pairsOf } from '../../lib/cli/flags.ts';
import { ALIAS_KINDS, DEVICE_STATES } from '../../lib/domain/device.ts';
import { bulkFlags } from '../../lib/enrolment/bulk-flags.ts';
import { DeviceBulkCommand } from '../../lib/enrolment/device-bulk-command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class DeviceUpdate extends DeviceBulkCommand<typeof DeviceUpdate> {
  static override summary = 'Change a device, or many';
  static override description =
    'Labels and aliases that are not named stay as they are. A disabled device keeps its data and may neither connect nor report. Several devices, or those that --selector means, are changed chunk by chunk, each chunk in one transaction, with a row for each; the same command again completes what was interrupted. Exit code 7 when some failed.';
  static override args = { device: Args.string({ description: 'Ids of devices, or aliases as kind:value', multiple: true }) };
  static override flags = {
    name: Flags.string({ summary: 'Name for people', helpValue: '<text>' }),
    type: Flags.string({ summary: 'Its device type', helpValue: '<type>', exclusive: ['no-type'] }),
    'no-type': Flags.boolean({ summary: 'Of no type any more' }),
    parent: Flags.string({ summary: 'The gateway that may report for it', helpValue: '<device>', exclusive: ['no-parent'] }),
    'no-parent': Flags.boolean({ summary: 'Behind no gateway any more' }),
    state: Flags.option({ summary: 'May it connect?', options: DEVICE_STATES })(),
    label: Flags.string({ summary: 'A label; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    unlabel: Flags.string({ summary: 'A label to remove; repeats', helpValue: '<name>', multiple: true, multipleNonGreedy: true }),
    alias: Flags.string({
      summary: 'Another name of it (serial, imei, iccid, mac); repeats',
      helpValue: '<kind=value>',
      multiple: true,
      multipleNonGreedy: true,
    }),
    unalias: Flags.option({ summary: 'An alias to remove; repeats', options: ALIAS_KINDS, multiple: true, multipleNonGreedy: true })(),
    group: Flags.string({
      summary: 'A group to be in, in the place of those that it is in; repeats',
      helpValue: '<group>',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['no-group'],
    }),
    'no-group': Flags.boolean({ summary: 'In no group any more, but for those with a selector' }),
    ...bulkFlags,
  };
  static override examples = [
    '<%= config.bin %> device update boiler-7 --name "Boiler, building 7" --label floor=2',
    '<%= config.bin %> device update boiler-7 --unlabel floor --parent gateway-1',
    '<%= config.bin %> device update boiler-7 --state disabled',
    { description: 'Many at once:', command: '<%= config.bin %> device update --selector site=paris,kind=device --label floor=2 --dry-run' },
  ];

  async run(): Promise<void> {
    const { flags } = this;
    const labels = withRemoved(pairsOf('label', flags.label), flags.unlabel);
    const aliases = withRemoved(aliasesOf(flags.alias), flags.unalias);
    const change = {
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags['no-type'] ? { type: null } : flags.type === undefined ? {} : { type: flags.type }),
      ...(flags['no-parent'] ? { parent: null } : flags.parent === undefined ? {} : { parent: flags.parent }),
      ...(flags.state === undefined ? {} : { state: flags.state }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(aliases).length === 0 ? {} : { aliases }),
      ...(flags['no-group'] ? { groups: [] } : flags.group === undefined ? {} : { groups: flags.group }),
    };
    if (Object.keys(change).length === 0)
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give one of the flags of `muster device update --help`.' });
    const ids = this.named(this.args.device);
    const [only, ...others] = ids;
    if (only === undefined || others.length > 0 || flags['dry-run']) return this.changeMany(ids, { kind: 'update', change }, 'Change');
    this.checkColumns(DEVICE_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.devices.update(only, change), DEVICE_COLUMNS);
  }
}
