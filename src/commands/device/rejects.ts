import { Args } from '@oclif/core';
import { REJECT_COLUMNS } from '../../lib/cli/device-columns.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class DeviceRejects extends HubCommand<typeof DeviceRejects> {
  static override summary = 'List what a device sent and the hub did not take, and why';
  static override description =
    'Newest first, with the first bytes of each message. Without a device, for the whole project. The hub keeps a limited number for each device.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value' }) };
  static override flags = { ...listFlags };
  static override examples = [
    '<%= config.bin %> device rejects boiler-7',
    '<%= config.bin %> device rejects --limit 20 --columns time,device,reason',
    '<%= config.bin %> device rejects boiler-7 --all --output ndjson',
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const { device } = this.args;
    await this.printList((limit) => (device === undefined ? hub.rejects({ limit }) : hub.devices.rejects(device, { limit })), REJECT_COLUMNS, this.flags);
  }
}
