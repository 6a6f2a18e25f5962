import { Args } from '@oclif/core';
import type { Point } from '../lib/api/schema/fleet.ts';
import type { Column } from '../lib/cli/column.ts';
import { listFlags } from '../lib/cli/flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { formatAge } from '../lib/domain/duration.ts';
import { kindFlag, pointFilterFlags, timezoneFlag } from '../lib/reading/flags.ts';
import { valueText, zonedTimeColumn } from '../lib/reading/sample-columns.ts';

export default class Latest extends HubCommand<typeof Latest> {
  static override summary = 'Show the newest value of each point, and how old it is';
  static override description = 'Points that have never reported are listed too, without a value. Each filter narrows the list.';
  static override args = { device: Args.string({ description: 'Devices, by id or alias; all unless given', multiple: true }) };
  static override flags = { ...pointFilterFlags, kind: kindFlag(), timezone: timezoneFlag(), ...listFlags };
  static override examples = [
    '<%= config.bin %> latest',
    { description: 'One point of every device of a site:', command: "<%= config.bin %> latest --point 'boiler/*' --label site=paris" },
    { description: 'What is in a group, or below it:', command: '<%= config.bin %> latest --group paris' },
    { description: 'For a script:', command: '<%= config.bin %> latest gw-1 --output csv --columns point,value,age' },
  ];

  async run(): Promise<void> {
    const { point, label, group, selector, kind, timezone } = this.flags;
    const hub = await this.hub();
    const now = Date.now();
    let rows = 0;
    const filters = { device: this.args.device, point, label, group, selector, kind };
    await this.printList((limit) => counted(hub.points.list(filters, { limit }), () => (rows += 1)), columns(timezone, now), this.flags);
    if (rows > 0) return;
    for (const device of this.args.device ?? []) await hub.devices.show(device);
    this.say('No point matches. `muster point list` shows which there are.');
  }
}

async function* counted<Row>(source: AsyncIterable<Row>, count: () => void): AsyncGenerator<Row> {
  for await (const row of source) {
    count();
    yield row;
  }
}

function columns(timezone: string, now: number): readonly Column<Point>[] {
  return [
    { name: 'device', value: (row) => row.device },
    { name: 'point', value: (row) => row.path },
    { name: 'value', value: (row) => row.latest?.value ?? null, text: (row) => shown(row), right: true },
    { name: 'unit', value: (row) => row.unit, text: (row) => row.unit ?? '' },
    zonedTimeColumn('time', (row) => row.latest?.time, timezone),
    {
      name: 'age',
      value: (row) => (row.latest === null ? null : now - row.latest.time),
      text: (row) => (row.latest === null ? 'never' : formatAge(now - row.latest.time)),
      right: true,
    },
    { name: 'quality', value: (row) => row.latest?.quality ?? null, text: (row) => row.latest?.quality ?? '' },
    { name: 'kind', value: (row) => row.kind, wide: true },
  ];
}

/** With the digits that the point is defined with. */
function shown({ latest, decimals }: Point): string {
  if (latest === null) return '';
  return typeof latest.value === 'number' && decimals !== null ? latest.value.toFixed(decimals) : valueText(latest.value);
}
