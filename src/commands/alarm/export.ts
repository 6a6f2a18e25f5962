import { Flags } from '@oclif/core';
import { alarmFilterFlags, alarmFilterOf } from '../../lib/cli/alarm-flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { exportedText, exportTable, tableExportFlags } from '../../lib/reading/export/table-export.ts';
import { TABLE_EXPORTED_COLUMNS } from '../../lib/reading/export/table-export-columns.ts';
import { FROM_TOO, refuseFlags, TO_TOO, timeFlag } from '../../lib/reading/flags.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

export default class AlarmExport extends HubCommand<typeof AlarmExport> {
  static override summary = 'Write alarms to a file, or to stdout';
  static override description =
    'Those that are live, then the history, the newest first. A file is written as FILE.part and takes its name when it is whole. In xlsx, ISO times are dates by the clock of --timezone, which their heading names.';
  static override flags = {
    ...alarmFilterFlags,
    closed: Flags.boolean({ summary: 'Only the history: those that are closed; --no-closed for those that are live', allowNo: true }),
    historical: Flags.boolean({ summary: 'Only what late data showed; --no-historical for none of that', allowNo: true }),
    from: timeFlag({ summary: 'Raised at this time or later; all unless given', ...FROM_TOO }),
    to: timeFlag({ summary: 'Raised before this time', ...TO_TOO }),
    ...tableExportFlags,
  };
  static override examples = [
    '<%= config.bin %> alarm export --file alarms.csv',
    {
      description: 'The last month for a report:',
      command: '<%= config.bin %> alarm export --severity major+ --from -30d --file november.xlsx --timezone Europe/Paris',
    },
    { description: 'Through a pipe:', command: '<%= config.bin %> alarm export --no-closed --format ndjson | wc -l' },
  ];

  async run(): Promise<void> {
    refuseFlags('alarm export', this.flags, ['sort', 'columns']);
    const { closed, historical, from, to, timezone, file, timeout } = this.flags;
    if (file === undefined) refuseFlags('alarm export', this.flags, ['output', 'json']);
    const at = (text: string) => parseTime(text, { now: Date.now(), timezone });
    const filter = {
      ...alarmFilterOf(this.flags),
      ...(closed !== undefined && { closed: String(closed) }),
      ...(historical !== undefined && { historical: String(historical) }),
      ...(from !== undefined && { from: at(from) }),
      ...(to !== undefined && { to: at(to) }),
    };
    const exported = await exportTable({
      hub: await this.hub(),
      path: '/alarms/export',
      filter,
      flags: this.flags,
      timeoutMs: timeout,
      signal: this.signal,
      write: (chunk) => this.write(chunk),
    });
    if (exported === null) return;
    if (this.flags.output === undefined && !this.flags.json) this.say(exportedText(exported));
    else await this.printOne(exported, TABLE_EXPORTED_COLUMNS);
  }
}
