import { Args } from '@oclif/core';
import type { Device } from '../lib/api/schema/fleet.ts';
import { DEVICE_COLUMNS } from '../lib/cli/device-columns.ts';
import { deviceFilterFlags, deviceFiltersOf, deviceSortFlag } from '../lib/cli/device-search.ts';
import { listFlags } from '../lib/cli/flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { MusterError } from '../lib/errors/muster-error.ts';

export default class Find extends HubCommand<typeof Find> {
  static override summary = 'Find devices by what is known of them';
  static override description =
    'Each word may stand anywhere in the id, the name, an alias (imei:490154203237518), a label (site=paris), the type or a group of a device; capitals and accents do not matter. A device whose id or alias is the whole text comes first. The filters of `device list` narrow what is found.';
  static override args = { text: Args.string({ description: 'Words, or parts of words', required: true, multiple: true }) };
  static override flags = { ...deviceFilterFlags, ...listFlags, sort: deviceSortFlag };
  static override examples = [
    '<%= config.bin %> find 490154203237518',
    '<%= config.bin %> find boiler paris',
    { description: 'Of those, the ones that are down:', command: '<%= config.bin %> find boiler paris --no-online --columns id,name,last-seen' },
  ];

  async run(): Promise<void> {
    const words = this.args.text as unknown as readonly string[];
    const text = words.join(' ').trim();
    if (text === '') throw new MusterError('usage', 'There is nothing to find.');
    const filters = deviceFiltersOf(this.flags);
    const hub = await this.hub();
    let count = 0;
    // Another order was asked for: then nothing comes before it.
    const isOrdered = this.flags.sort !== undefined;
    async function* found(limit: number | undefined): AsyncGenerator<Device> {
      const first = new Set<string>();
      if (!isOrdered) {
        for (const exact of [{ id: text }, { alias: filters.alias ?? text }]) {
          for await (const device of hub.devices.list({ ...filters, ...exact, q: text }, { limit: 4 })) {
            if (first.has(device.id)) continue;
            first.add(device.id);
            count += 1;
            yield device;
          }
        }
      }
      for await (const device of hub.devices.list({ ...filters, q: text }, { limit: limit === undefined ? undefined : limit + first.size })) {
        if (first.has(device.id)) continue;
        count += 1;
        yield device;
      }
    }
    await this.printList(found, DEVICE_COLUMNS, { ...this.flags, sorted: true });
    if (count === 0 && this.output === 'table') this.say(`Nothing has ${words.length > 1 ? 'all of these words' : 'this'} in it.`);
  }
}
