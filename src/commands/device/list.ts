import { Flags } from '@oclif/core';
import { DEVICE_COLUMNS } from '../../lib/cli/device-columns.ts';
import { filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { DEVICE_KINDS, DEVICE_STATES } from '../../lib/domain/device.ts';

export default class DeviceList extends HubCommand<typeof DeviceList> {
  static override summary = 'List devices';
  static override description = 'Each filter narrows the list.';
  static override flags = {
    kind: Flags.option({ summary: 'Of this kind', options: DEVICE_KINDS })(),
    type: filterFlag({ summary: 'Of this device type', helpValue: '<type>' }),
    parent: filterFlag({ summary: 'Behind this gateway', helpValue: '<device>' }),
    state: Flags.option({ summary: 'In this state', options: DEVICE_STATES })(),
    online: Flags.boolean({ summary: 'Online now; --no-online for those that are not', allowNo: true }),
    label: filterFlag({ summary: 'With this label, or this value of it; repeats', helpValue: '<name[=value]>', multiple: true, multipleNonGreedy: true }),
    group: filterFlag({ summary: 'In this group, or below it; repeats', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
    alias: filterFlag({ summary: 'With this serial number, IMEI, ICCID or MAC', helpValue: '<value>' }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> device list',
    '<%= config.bin %> device list --kind gateway --no-online --label site=paris',
    { description: 'All ids, one on each line:', command: '<%= config.bin %> device list --all --output ndjson --columns id' },
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const { kind, type, parent, state, online, label, group, alias } = this.flags;
    const filters = {
      ...(kind === undefined ? {} : { kind }),
      ...(type === undefined ? {} : { type }),
      ...(parent === undefined ? {} : { parent }),
      ...(state === undefined ? {} : { state }),
      ...(online === undefined ? {} : { online: online ? ('true' as const) : ('false' as const) }),
      ...(label === undefined ? {} : { label }),
      ...(group === undefined ? {} : { group }),
      ...(alias === undefined ? {} : { alias }),
    };
    await this.printList((limit) => hub.devices.list(filters, { limit }), DEVICE_COLUMNS, this.flags);
  }
}
