import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { deviceFilterFlags, deviceFiltersOf, deviceSortFlag } from '../../lib/cli/device-search.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class DeviceList extends HubCommand<typeof DeviceList> {
  static override summary = 'List devices';
  static override description =
    'Each filter narrows the list. A condition of --where names fields (id, name, kind, type, parent, state, online, lastSeenAt, createdAt, labels.NAME, aliases.KIND, ...) and points by their paths, whose newest values count; a device without the value is not listed. The hub sorts: by id without --sort.';
  static override flags = { ...deviceFilterFlags, ...listFlags, sort: deviceSortFlag };
  static override examples = [
    '<%= config.bin %> device list',
    '<%= config.bin %> device list --kind gateway --no-online --label site=paris',
    { description: 'Batteries that run low, the lowest first:', command: "<%= config.bin %> device list --where 'battery < 20 and online' --sort battery" },
    {
      description: 'Silent for a day:',
      command: "<%= config.bin %> device list --selector 'site=paris,type=meter' --where 'now - lastSeenAt > duration(\"1d\")'",
    },
    { description: 'All ids, one on each line:', command: '<%= config.bin %> device list --all --output ndjson --columns id' },
  ];

  async run(): Promise<void> {
    const filters = deviceFiltersOf(this.flags);
    const hub = await this.hub();
    await this.printList((limit) => hub.devices.list(filters, { limit }), DEVICE_COLUMNS, { ...this.flags, sorted: true });
  }
}
