import { Args } from '@oclif/core';
import type { AlarmDetail } from '../../lib/api/schema/alarms.ts';
import { ALARM_COLUMNS } from '../../lib/cli/alarm-columns.ts';
import { alarmIdOf } from '../../lib/cli/alarm-refs.ts';
import type { Column } from '../../lib/cli/column.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { timezoneFlag } from '../../lib/reading/flags.ts';

/** JSON has all of it; a table of columns, what a list shows. */
const DETAIL_COLUMNS: readonly Column<AlarmDetail>[] = ALARM_COLUMNS.map(({ value, text, colour, ...column }) => ({
  ...column,
  value: (row) => value(row.alarm),
  ...(text && { text: (row: AlarmDetail) => text(row.alarm) }),
  ...(colour && { colour: (row: AlarmDetail) => colour(row.alarm) }),
}));

export default class AlarmShow extends HubCommand<typeof AlarmShow> {
  static override summary = 'Say why an alarm is what it is';
  static override description =
    'Its facts, the rule that raised it in the version of then, all that happened to it with who and when, and the samples around it. As JSON or YAML, all of that as one object.';
  static override args = { alarm: Args.string({ description: 'Its ref as `muster alarm list` shows it, or its whole id', required: true }) };
  static override flags = { timezone: timezoneFlag() };
  static override examples = [
    '<%= config.bin %> alarm show 3f9a61c2',
    '<%= config.bin %> alarm show 3f9a61c2 --timezone Europe/Paris',
    '<%= config.bin %> alarm show 3f9a61c2 --json',
  ];

  async run(): Promise<void> {
    this.checkColumns(DETAIL_COLUMNS);
    const hub = await this.hub();
    const detail = await hub.alarms.show(await alarmIdOf(hub, this.args.alarm));
    if (this.output !== 'table' || this.flags.columns !== undefined) return this.printOne(detail, DETAIL_COLUMNS);
    const { alarmStory } = await import('../../lib/reading/alarms/alarm-story.ts');
    await this.write(await alarmStory(detail, { now: Date.now(), timezone: this.flags.timezone, style: this.style() }));
  }
}
