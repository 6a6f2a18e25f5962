import { Flags } from '@oclif/core';
import { EVENT_COLUMNS } from '../../lib/cli/event-columns.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { eventFilterFlags, eventFilterOf } from '../../lib/reading/event-flags.ts';
import { FROM_TOO, TO_TOO, timeFlag, timezoneFlag } from '../../lib/reading/flags.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

export default class EventList extends HubCommand<typeof EventList> {
  static override summary = 'List what happened';
  static override description =
    'The journal of the hub: connections, alarms, changes of devices, types, rules and channels, log-ins. The last recorded comes first; behind --after, the oldest first, so that a script reads on where it was.';
  static override flags = {
    ...eventFilterFlags,
    from: timeFlag({ summary: 'Happened at this time or later: -2h, yesterday, 2026-11-22T10:00, ...', ...FROM_TOO }),
    to: timeFlag({ summary: 'Happened before this time', ...TO_TOO }),
    timezone: timezoneFlag(),
    after: Flags.string({ summary: 'Recorded after the event with this id', helpValue: '<id>' }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> event list',
    { description: 'Alarms of the last day, the bad ones:', command: "<%= config.bin %> event list --kind 'alarm.*' --severity major+ --from -1d" },
    { description: 'Why a gateway comes and goes:', command: "<%= config.bin %> event list --device gw-1 --kind 'device.*' --columns time,kind,text" },
    '<%= config.bin %> event list --kind access.refused --all --output csv',
  ];

  async run(): Promise<void> {
    const { from, to, timezone, after } = this.flags;
    const at = (text: string) => parseTime(text, { now: Date.now(), timezone });
    const query = {
      ...eventFilterOf(this.flags),
      ...(from !== undefined && { from: at(from) }),
      ...(to !== undefined && { to: at(to) }),
      ...(after !== undefined && { after }),
    };
    const hub = await this.hub();
    await this.printList((limit) => hub.events.list(query, { limit }), EVENT_COLUMNS, this.flags);
  }
}
