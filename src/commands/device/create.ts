import { Args, Flags } from '@oclif/core';
import type { DeviceCreated } from '../../lib/api/schema/fleet.ts';
import type { Column } from '../../lib/cli/column.ts';
import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { aliasesOf } from '../../lib/cli/device-flags.ts';
import { pairsOf } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { DEVICE_KINDS } from '../../lib/domain/device.ts';

const SECRET_COLUMNS: readonly Column<DeviceCreated>[] = [
  { name: 'username', value: (row) => row.credential?.username ?? null },
  { name: 'secret', value: (row) => row.credential?.secret ?? null },
];

export default class DeviceCreate extends HubCommand<typeof DeviceCreate> {
  static override summary = 'Make a device';
  static override description = 'With --credential token it gets a token at once, which is shown this once; otherwise `device credential create` makes one.';
  static override args = { device: Args.string({ description: 'Id of the device, unique on the hub', required: true }) };
  static override flags = {
    name: Flags.string({ summary: 'Name for people', helpValue: '<text>' }),
    kind: Flags.option({ summary: 'What it is', options: DEVICE_KINDS, default: 'device' as const })(),
    type: Flags.string({ summary: 'Its device type', helpValue: '<type>' }),
    parent: Flags.string({ summary: 'The gateway that may report for it', helpValue: '<device>' }),
    label: Flags.string({ summary: 'A label; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    alias: Flags.string({
      summary: 'Another name of it (serial, imei, iccid, mac); repeats',
      helpValue: '<kind=value>',
      multiple: true,
      multipleNonGreedy: true,
    }),
    group: Flags.string({ summary: 'A group to put it into; repeats', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
    'create-groups': Flags.boolean({ summary: 'Make groups that are missing' }),
    credential: Flags.option({ summary: 'Credential to make at once', options: ['token', 'claim', 'none'] as const, default: 'none' as const })(),
  };
  static override examples = [
    '<%= config.bin %> device create boiler-7',
    '<%= config.bin %> device create gateway-1 --kind gateway --label site=paris --alias imei=490154203237518 --credential token',
    '<%= config.bin %> device create meter-3 --parent gateway-1',
    { description: 'It waits to be claimed:', command: '<%= config.bin %> device create pump-4 --type boiler --alias serial=SN0042 --credential claim' },
  ];

  async run(): Promise<void> {
    const { name, kind, type, parent, label, alias, group, credential } = this.flags;
    const columns = credential === 'none' ? DEVICE_COLUMNS : [...DEVICE_COLUMNS, ...SECRET_COLUMNS];
    this.checkColumns(columns);
    const hub = await this.writable();
    const device = await hub.devices.create({
      id: this.args.device,
      kind,
      credential,
      labels: pairsOf('label', label),
      aliases: aliasesOf(alias),
      ...(group === undefined ? {} : { groups: group, createGroups: this.flags['create-groups'] }),
      ...(name === undefined ? {} : { name }),
      ...(type === undefined ? {} : { type }),
      ...(parent === undefined ? {} : { parent }),
    });
    await this.printOne(device, columns);
    if (device.credential?.secret) this.say('The secret is shown this once.');
  }
}
