import { Flags } from '@oclif/core';
import type { EventItem } from '../../lib/api/schema/events.ts';
import { placeOf, refOf, severityColour } from '../../lib/cli/alarm-columns.ts';
import { alarmScopeFlags, alarmScopeOf } from '../../lib/cli/alarm-flags.ts';
import type { Column } from '../../lib/cli/column.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { EVENT_KINDS } from '../../lib/domain/event.ts';
import { severitiesOf } from '../../lib/domain/severity.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import type { AlarmScope } from '../../lib/reading/alarms/alarm-scope.ts';
import { refuseFlags, spanFlag, timeFlag, timezoneFlag } from '../../lib/reading/flags.ts';
import type { FollowEvent, FollowGap } from '../../lib/reading/live/follow.ts';
import { valueText, zonedTimeColumn } from '../../lib/reading/sample-columns.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

type Row = EventItem | { readonly gap: FollowGap };

const PREFIX = 'alarm.';
const CHANGES = EVENT_KINDS.filter((kind) => kind.startsWith(PREFIX)).map((kind) => kind.slice(PREFIX.length));

function columns(timezone: string): readonly Column<EventItem>[] {
  return [
    zonedTimeColumn('time', (row) => row.time, timezone),
    { name: 'ref', value: (row) => (row.alarm === null ? null : refOf(row.alarm)), drop: 3 },
    { name: 'event', value: (row) => row.kind.slice(PREFIX.length), keep: true },
    { name: 'severity', value: (row) => row.severity, colour: (row) => severityColour(row.severity), keep: true },
    { name: 'rule', value: (row) => row.rule, drop: 4 },
    { name: 'of', value: (row) => placeOf({ ...row, group: typeof row.details.group === 'string' ? row.details.group : null }), drop: 5 },
    { name: 'value', value: (row) => row.details.value, text: (row) => (row.details.value === null ? '' : valueText(row.details.value)), right: true, drop: 2 },
    { name: 'who', value: (row) => row.actor, drop: 1 },
    { name: 'text', value: (row) => row.text, wrap: true },
    { name: 'alarm', value: (row) => row.alarm, wide: true },
    { name: 'id', value: (row) => row.id, wide: true },
  ];
}

export default class AlarmTail extends HubCommand<typeof AlarmTail> {
  static override summary = 'Watch what happens to alarms';
  static override description =
    'Each change as it is recorded: raised, cleared, acknowledged, shelved, ... Ends after --count changes, after --duration, or with Ctrl-C; the exit code is 0 for the first two, also when fewer came: count the lines. When the hub goes away, it tries again and reads on where it was: none is missed and none is shown twice. When the hub had to drop changes because this command was too slow, it says so on stderr, and in ndjson with an object {"gap":{"dropped","from","to"}} in their place.';
  static override flags = {
    change: Flags.option({ summary: 'Only these changes; repeats', options: CHANGES, multiple: true, multipleNonGreedy: true })(),
    ...alarmScopeFlags,
    count: Flags.integer({ summary: 'End after so many changes', helpValue: '<changes>', min: 1 }),
    duration: spanFlag({ summary: 'End after this time' }),
    since: timeFlag({ summary: 'Changes from this time on first: -10m, today, ...' }),
    timezone: timezoneFlag(),
  };
  static override examples = [
    '<%= config.bin %> alarm tail',
    '<%= config.bin %> alarm tail --severity minor+ --change raised --change cleared --since -1h',
    {
      description: 'The next one that is raised, waiting a minute at most:',
      command: '<%= config.bin %> alarm tail --change raised --count 1 --duration 1m --output ndjson',
    },
  ];

  async run(): Promise<void> {
    const { count, duration, since, timezone, change } = this.flags;
    refuseFlags('alarm tail', this.flags, ['sort']);
    if (this.output === 'yaml') throw new MusterError('usage', '`muster alarm tail` prints table, ndjson or csv.');
    // A list that has no end is no JSON document: one object for each line.
    if (this.output === 'json') this.output = 'ndjson';
    const from = since === undefined ? null : parseTime(since, { now: Date.now(), timezone });
    const hub = await this.hub();
    const { createAlarmScope } = await import('../../lib/reading/alarms/alarm-scope.ts');
    const { followAlarmEvents } = await import('../../lib/reading/alarms/follow-alarm-events.ts');
    const { severity, ...scoped } = alarmScopeOf(this.flags);
    // A device that does not exist would be waited for in vain.
    for (const device of [scoped.device ?? []].flat()) await hub.devices.show(device);
    const scope = createAlarmScope(hub, scoped);
    const ending = new AbortController();
    const timer = duration === undefined ? undefined : setTimeout(() => ending.abort(), duration);
    const signal = AbortSignal.any([this.signal, ending.signal]);
    const filter = {
      ...scope.stream,
      ...(change === undefined ? {} : { kind: change.map((one) => PREFIX + one) }),
      ...(severity === undefined ? {} : { severity: [...severitiesOf([severity].flat())] }),
    };
    const events = followAlarmEvents(hub, filter, { since: from, signal });
    try {
      await this.print(this.#rows(events, scope, count), columns(timezone) as readonly Column<Row>[]);
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  async *#rows(events: AsyncIterable<FollowEvent<EventItem>>, scope: AlarmScope, count: number | undefined): AsyncGenerator<Row> {
    let left = count ?? Number.POSITIVE_INFINITY;
    for await (const event of events) {
      if (event.type === 'notice') this.say(event.text);
      else if (event.type === 'gap') {
        this.say(`${event.gap.dropped} changes are not shown: this command was too slow for them. \`muster event list\` has them.`);
        if (this.output === 'ndjson') yield { gap: event.gap };
      } else if (await scope.matches(event.item)) {
        yield event.item;
        left -= 1;
        if (left <= 0) return;
      }
    }
  }
}
