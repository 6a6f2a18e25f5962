import { Flags } from '@oclif/core';
import { ALARM_COLUMNS } from '../../lib/cli/alarm-columns.ts';
import { alarmFilterFlags, alarmFilterOf } from '../../lib/cli/alarm-flags.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { unknownRules, unknownRulesText } from '../../lib/cli/unknown-rules.ts';
import { rangeFlags } from '../../lib/reading/flags.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

export default class AlarmList extends HubCommand<typeof AlarmList> {
  static override summary = 'List alarms, the worst and newest first';
  static override description =
    'Those that are live: active, waiting for an acknowledgement or reset, shelved, suppressed or out of service. Each filter narrows the list. `ref` is the end of the id, and names the alarm in every other command.';
  static override flags = {
    ...alarmFilterFlags,
    closed: Flags.boolean({ summary: 'The history: those that are closed, the newest first' }),
    historical: Flags.boolean({ summary: 'Only what late data showed; --no-historical for none of that', allowNo: true }),
    from: rangeFlags.from,
    to: rangeFlags.to,
    timezone: rangeFlags.timezone,
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> alarm list',
    '<%= config.bin %> alarm list --severity major+ --no-acked --group paris',
    {
      description: 'What was raised yesterday and is over, for a script:',
      command: '<%= config.bin %> alarm list --closed --from yesterday --to today --all --output ndjson',
    },
  ];

  async run(): Promise<void> {
    const { closed, historical, from, to, timezone } = this.flags;
    const context = { now: Date.now(), timezone };
    const filters = {
      ...alarmFilterOf(this.flags),
      closed: closed ? ('true' as const) : ('false' as const),
      ...(historical === undefined ? {} : { historical: historical ? ('true' as const) : ('false' as const) }),
      ...(from === undefined ? {} : { from: parseTime(from, context) }),
      ...(to === undefined ? {} : { to: parseTime(to, context) }),
    };
    const hub = await this.hub();
    await this.printList((limit) => hub.alarms.list(filters, { limit }), ALARM_COLUMNS, this.flags);
    const unknown = await unknownRules(hub, filters.rule);
    if (unknown.length > 0) this.say(unknownRulesText(unknown));
  }
}
