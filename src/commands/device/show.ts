import { Args } from '@oclif/core';
import type { Device } from '../../lib/api/schema/fleet.ts';
import type { DeviceHealth } from '../../lib/api/schema/life.ts';
import type { Column } from '../../lib/cli/column.ts';
import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { HEALTH_COLUMNS } from '../../lib/cli/health-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

/** Counting more would take long; nobody reads the difference. */
const CHILDREN_COUNTED = 10_000;

type DeviceWithChildren = Device & { readonly children: number; readonly health: DeviceHealth };
const COLUMNS: readonly Column<DeviceWithChildren>[] = [
  ...DEVICE_COLUMNS,
  { name: 'children', value: (row) => row.children, text: (row) => (row.children > CHILDREN_COUNTED ? `more than ${CHILDREN_COUNTED}` : String(row.children)) },
  ...HEALTH_COLUMNS,
];

export default class DeviceShow extends HubCommand<typeof DeviceShow> {
  static override summary = 'Show a device: status, labels, aliases, counters, how it began and how it is';
  static override description =
    'The counters start with the hub. Health is what it reports below `$health/`. Instead of the id, an alias does: `serial:...`, `imei:...`, `iccid:...`, `mac:...`.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override examples = [
    '<%= config.bin %> device show boiler-7',
    '<%= config.bin %> device show imei:490154203237518 --json',
    '<%= config.bin %> device show boiler-7 --output csv --columns online,last-seen',
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const device = await hub.devices.show(this.args.device);
    const health = await hub.devices.health(device.id);
    let children = 0;
    if (device.kind === 'gateway') for await (const _ of hub.devices.list({ parent: device.id }, { limit: CHILDREN_COUNTED + 1 })) children += 1;
    await this.printOne({ ...device, children, health }, COLUMNS);
  }
}
