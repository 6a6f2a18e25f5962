import { Args } from '@oclif/core';
import type { Device } from '../../lib/api/schema/fleet.ts';
import type { Column } from '../../lib/cli/column.ts';
import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

/** Counting more would take long; nobody reads the difference. */
const CHILDREN_COUNTED = 10_000;

type DeviceWithChildren = Device & { readonly children: number };
const COLUMNS: readonly Column<DeviceWithChildren>[] = [
  ...DEVICE_COLUMNS,
  { name: 'children', value: (row) => row.children, text: (row) => (row.children > CHILDREN_COUNTED ? `more than ${CHILDREN_COUNTED}` : String(row.children)) },
];

export default class DeviceShow extends HubCommand<typeof DeviceShow> {
  static override summary = 'Show a device: status, labels, aliases, counters';
  static override description = 'The counters start with the hub. Instead of the id, an alias does: `serial:...`, `imei:...`, `iccid:...`, `mac:...`.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override examples = [
    '<%= config.bin %> device show boiler-7',
    '<%= config.bin %> device show imei:490154203237518 --json',
    '<%= config.bin %> device show boiler-7 --output csv --columns online,last-seen',
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const device = await hub.devices.show(this.args.device);
    let children = 0;
    if (device.kind === 'gateway') for await (const _ of hub.devices.list({ parent: device.id }, { limit: CHILDREN_COUNTED + 1 })) children += 1;
    await this.printOne({ ...device, children }, COLUMNS);
  }
}
