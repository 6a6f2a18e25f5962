import { Flags } from '@oclif/core';
import type { EventItem } from '../../lib/api/schema/events.ts';
import type { Column } from '../../lib/cli/column.ts';
import { EVENT_COLUMNS } from '../../lib/cli/event-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { pause } from '../../lib/cli/pause.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { eventFilterFlags, eventFilterOf, unknownDevices } from '../../lib/reading/event-flags.ts';
import { refuseFlags, spanFlag, timeFlag, timezoneFlag } from '../../lib/reading/flags.ts';
import type { FollowEvent, FollowGap } from '../../lib/reading/live/follow.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

type Row = EventItem | { readonly gap: FollowGap };

export default class EventTail extends HubCommand<typeof EventTail> {
  static override summary = 'Watch events as they are recorded';
  static override description =
    'Ends after --count events, after --duration, or with Ctrl-C; the exit code is 0 for the first two, also when fewer events came: count the lines. When the hub goes away, it tries again and reads on behind the last event: none is missed and none is shown twice. When the hub had to drop events because this command was too slow, it says so on stderr, and in ndjson with an object {"gap":{"dropped","from","to"}} in their place.';
  static override flags = {
    ...eventFilterFlags,
    since: timeFlag({ summary: 'Events from this time on first: -10m, today, ...' }),
    timezone: timezoneFlag(),
    count: Flags.integer({ summary: 'End after so many events', helpValue: '<events>', min: 1 }),
    duration: spanFlag({ summary: 'End after this time' }),
  };
  static override examples = [
    '<%= config.bin %> event tail',
    { description: 'Devices, the last hour first:', command: "<%= config.bin %> event tail --kind 'device.*' --since -1h" },
    {
      description: 'One event for a script, waiting a minute at most:',
      command: '<%= config.bin %> event tail --kind device.connected --count 1 --duration 1m --output ndjson',
    },
  ];

  async run(): Promise<void> {
    const { count, duration, since, timezone, device } = this.flags;
    refuseFlags('event tail', this.flags, ['sort']);
    if (this.output === 'yaml') throw new MusterError('usage', '`muster event tail` prints table, ndjson or csv.');
    // A list that has no end is no JSON document: one object for each line.
    if (this.output === 'json') this.output = 'ndjson';
    const from = since === undefined ? null : parseTime(since, { now: Date.now(), timezone });
    const hub = await this.hub();
    const filter = eventFilterOf(this.flags);
    // A filter that is wrong, or a hub that is none, is told at once.
    await hub.events.list(filter, { limit: 1 }).next();
    for (const unknown of await unknownDevices(hub, device)) this.say(`There is no device ${unknown} now; events are shown as soon as it has some.`);
    const { followEvents } = await import('../../lib/reading/live/follow-events.ts');
    const ending = new AbortController();
    const timer = duration === undefined ? undefined : setTimeout(() => ending.abort(), duration);
    const signal = AbortSignal.any([this.signal, ending.signal]);
    const events = followEvents({
      signal,
      connect: (given) => hub.events.live(filter, given),
      readStored: (start, given) =>
        hub.events.list('after' in start ? { ...filter, after: start.after } : { ...filter, from: start.since, order: 'asc' }, { signal: given }),
      async last(given) {
        for await (const { id } of hub.events.list({}, { limit: 1, signal: given })) return id;
        return null;
      },
      since: from,
      pause,
      now: Date.now,
    });
    try {
      await this.print(this.#rows(events, count), EVENT_COLUMNS as readonly Column<Row>[]);
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  async *#rows(events: AsyncIterable<FollowEvent<EventItem>>, count: number | undefined): AsyncGenerator<Row> {
    let left = count ?? Number.POSITIVE_INFINITY;
    for await (const event of events) {
      if (event.type === 'notice') this.say(event.text);
      else if (event.type === 'gap') {
        const { dropped, from, to } = event.gap;
        this.say(
          `${dropped} events from ${new Date(from).toISOString()} to ${new Date(to).toISOString()} are not shown: this command was too slow for them. \`muster event list\` has them.`,
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
