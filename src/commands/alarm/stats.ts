import { Flags } from '@oclif/core';
import type { AlarmStats as Stats } from '../../lib/api/schema/alarms.ts';
import { alarmScopeFlags, alarmScopeOf } from '../../lib/cli/alarm-flags.ts';
import { type Column, timeColumn } from '../../lib/cli/column.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { SINCE_TOO, timeFlag, timezoneFlag, UNTIL_TOO } from '../../lib/reading/flags.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

const COLUMNS: readonly Column<Stats>[] = [
  timeColumn('from', (row) => row.from),
  timeColumn('to', (row) => row.to),
  { name: 'operators', value: (row) => row.operators },
  { name: 'live', value: (row) => row.standing.live },
  { name: 'active', value: (row) => row.standing.active },
  { name: 'unacknowledged', value: (row) => row.standing.unacknowledged },
  { name: 'told', value: (row) => row.told },
  { name: 'silenced', value: (row) => row.silenced },
  { name: 'per-operator-hour', value: (row) => row.perOperatorHour },
  { name: 'average-per-10min', value: (row) => row.averagePer10Min },
  { name: 'peak-per-10min', value: (row) => row.peakPer10Min },
  { name: 'flood-share', value: (row) => row.floodShare },
  { name: 'top-ten-share', value: (row) => row.topTenShare },
  { name: 'chattering', value: (row) => row.chattering.length },
  { name: 'stale', value: (row) => row.staleCount },
];

export default class AlarmStats extends HubCommand<typeof AlarmStats> {
  static override summary = 'Say how many alarms people get, and which are no good';
  static override description =
    'Standing alarms, the rate for each operator and hour, the most frequent, chattering (more than three changes within a minute) and stale ones (active for more than a day), floods, and the severities beside what ISA-18.2 and EEMUA 191 recommend. Counted is what people were told of; what was shelved, suppressed or out of service is counted apart.';
  static override flags = {
    ...alarmScopeFlags,
    since: timeFlag({ summary: 'Beginning: -24h, yesterday, 2026-11-22, ...', default: '-7d', ...SINCE_TOO }),
    until: timeFlag({ summary: 'End; now unless given', ...UNTIL_TOO }),
    operators: Flags.integer({ summary: 'How many people watch at a time', helpValue: '<people>', min: 1, max: 1000, default: 1 }),
    timezone: timezoneFlag(),
  };
  static override examples = [
    '<%= config.bin %> alarm stats',
    '<%= config.bin %> alarm stats --since -24h --operators 2 --group paris',
    { description: 'The rate alone, for a script:', command: '<%= config.bin %> alarm stats --since -24h --json --columns per-operator-hour' },
  ];

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const { since, until, operators, timezone } = this.flags;
    const context = { now: Date.now(), timezone };
    const hub = await this.hub();
    const to = until === undefined ? {} : { to: parseTime(until, context) };
    const stats = await hub.alarms.stats({ ...alarmScopeOf(this.flags), from: parseTime(since, context), ...to, operators });
    if (this.output !== 'table' || this.flags.columns !== undefined) return this.printOne(stats, COLUMNS);
    const { alarmReport } = await import('../../lib/reading/alarms/alarm-report.ts');
    await this.write(await alarmReport(stats, { timezone, style: this.style() }));
  }
}
