import { Args, Flags } from '@oclif/core';
import type { SampleItem } from '../lib/api/schema/samples.ts';
import type { Column } from '../lib/cli/column.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { pause } from '../lib/cli/pause.ts';
import { isoInZone } from '../lib/domain/time-zone.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import { kindFlag, pointFilterFlags, refuseFlags, spanFlag, timeFlag, timezoneFlag } from '../lib/reading/flags.ts';
import type { FollowEvent, FollowGap } from '../lib/reading/live/follow.ts';
import { sampleColumns } from '../lib/reading/sample-columns.ts';
import { parseTime } from '../lib/reading/time-expression.ts';

type Row = SampleItem | { readonly gap: FollowGap };

export default class Tail extends HubCommand<typeof Tail> {
  static override summary = 'Watch samples as they are stored';
  static override description =
    'Ends after --count samples, after --duration, or with Ctrl-C; the exit code is 0 for the first two, also when fewer samples came: count the lines. When the hub goes away, it tries again and reads what was stored meanwhile. When the hub had to drop samples because this command was too slow, it says so on stderr, and in ndjson with an object {"gap":{"dropped","from","to"}} in their place.';
  static override args = { device: Args.string({ description: 'Devices, by id or alias; all unless given', multiple: true }) };
  static override flags = {
    ...pointFilterFlags,
    kind: kindFlag(),
    count: Flags.integer({ summary: 'End after so many samples', helpValue: '<samples>', min: 1 }),
    duration: spanFlag({ summary: 'End after this time' }),
    since: timeFlag({ summary: 'Stored samples from this time on first: -10m, today, ...' }),
    timezone: timezoneFlag(),
  };
  static override examples = [
    '<%= config.bin %> tail',
    { description: 'Temperatures of one device, the last ten minutes first:', command: "<%= config.bin %> tail gw-1 --point '*temperature' --since -10m" },
    { description: 'One sample for a script, waiting a minute at most:', command: '<%= config.bin %> tail gw-1 --count 1 --duration 1m --output ndjson' },
  ];

  async run(): Promise<void> {
    const { point, label, group, selector, kind, count, duration, since, timezone } = this.flags;
    refuseFlags('tail', this.flags, ['sort']);
    if (this.output === 'yaml') throw new MusterError('usage', '`muster tail` prints table, ndjson or csv.');
    // A list that has no end is no JSON document: one object for each line.
    if (this.output === 'json') this.output = 'ndjson';
    const from = since === undefined ? null : parseTime(since, { now: Date.now(), timezone });
    const hub = await this.hub();
    const { followSamples } = await import('../lib/reading/live/follow-samples.ts');
    const { storedSamples } = await import('../lib/reading/live/stored-samples.ts');
    const filter = { device: this.args.device, point, label, group, selector, kind };
    // A device that does not exist would be waited for in vain.
    const device: string[] = [];
    for (const name of this.args.device ?? []) device.push((await hub.devices.show(name)).id);
    const resolved = { ...filter, device: this.args.device === undefined ? undefined : device };
    const isFiltered = Object.values(filter).some((one) => one !== undefined && one.length > 0);
    if (isFiltered && !(await hasAny(hub.points.list(resolved, { limit: 1 })))) this.say('No point matches yet; samples are shown as soon as one does.');
    const ending = new AbortController();
    const timer = duration === undefined ? undefined : setTimeout(() => ending.abort(), duration);
    const signal = AbortSignal.any([this.signal, ending.signal]);
    const events = followSamples({
      signal,
      connect: (given) => hub.live(resolved, given),
      readStored: (start, given) => storedSamples(hub, resolved, start, given),
      since: from,
      pause,
      now: Date.now,
    });
    try {
      await this.print(this.#rows(events, count, timezone), sampleColumns(timezone) as readonly Column<Row>[]);
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  async *#rows(events: AsyncIterable<FollowEvent<SampleItem>>, count: number | undefined, timezone: string): AsyncGenerator<Row> {
    let left = count ?? Number.POSITIVE_INFINITY;
    for await (const event of events) {
      if (event.type === 'notice') this.say(event.text);
      else if (event.type === 'gap') {
        const { dropped, from, to } = event.gap;
        this.say(
          `${dropped} samples from ${isoInZone(from, timezone)} to ${isoInZone(to, timezone)} are not shown: this command was too slow for them. \`muster query\` has them.`,
        );
        if (this.output === 'ndjson') yield { gap: event.gap };
      } else {
        yield event.item;
        left -= 1;
        if (left <= 0) return;
      }
    }
  }
}

async function hasAny(rows: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of rows) return true;
  return false;
}
