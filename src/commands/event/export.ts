import { HubCommand } from '../../lib/cli/hub-command.ts';
import { eventFilterFlags, eventFilterOf } from '../../lib/reading/event-flags.ts';
import { exportedText, exportTable, tableExportFlags } from '../../lib/reading/export/table-export.ts';
import { TABLE_EXPORTED_COLUMNS } from '../../lib/reading/export/table-export-columns.ts';
import { FROM_TOO, refuseFlags, TO_TOO, timeFlag } from '../../lib/reading/flags.ts';
import { parseTime } from '../../lib/reading/time-expression.ts';

export default class EventExport extends HubCommand<typeof EventExport> {
  static override summary = 'Write the journal to a file, or to stdout';
  static override description =
    'The oldest event first. A file is written as FILE.part and takes its name when it is whole. In xlsx, ISO times are dates by the clock of --timezone, which their heading names.';
  static override flags = {
    ...eventFilterFlags,
    from: timeFlag({ summary: 'Happened at this time or later; the first event unless given', ...FROM_TOO }),
    to: timeFlag({ summary: 'Happened before this time', ...TO_TOO }),
    ...tableExportFlags,
  };
  static override examples = [
    '<%= config.bin %> event export --file events.csv',
    {
      description: 'What an auditor asks for:',
      command: "<%= config.bin %> event export --kind 'access.*' --from -30d --file access.xlsx --timezone Europe/Paris",
    },
    { description: 'Through a pipe:', command: "<%= config.bin %> event export --kind 'device.*' --format ndjson | head -1" },
  ];

  async run(): Promise<void> {
    refuseFlags('event export', this.flags, ['sort', 'columns']);
    const { from, to, timezone, file, timeout } = this.flags;
    if (file === undefined) refuseFlags('event export', this.flags, ['output', 'json']);
    const at = (text: string) => parseTime(text, { now: Date.now(), timezone });
    const filter = { ...eventFilterOf(this.flags), ...(from !== undefined && { from: at(from) }), ...(to !== undefined && { to: at(to) }) };
    const exported = await exportTable({
      hub: await this.hub(),
      path: '/events/export',
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
