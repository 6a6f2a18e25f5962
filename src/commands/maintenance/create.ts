import { Flags } from '@oclif/core';
import { durationFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { MAINTENANCE_COLUMNS } from '../../lib/cli/rule-columns.ts';
import { scopeFlags, scopeOf } from '../../lib/cli/scope-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { timeFlag, timezoneFlag } from '../../lib/reading/flags.ts';

export default class MaintenanceCreate extends HubCommand<typeof MaintenanceCreate> {
  static override summary = 'Announce work on devices: their alarms are suppressed meanwhile';
  static override description =
    'Rules go on, and alarms are written down, but nobody is told of what is in the scope. What still holds at the end is told then. The scope is as that of a rule: every part that is given must match; --everything is the whole project.';
  static override flags = {
    ...scopeFlags,
    everything: Flags.boolean({ summary: 'Every device of the project' }),
    from: timeFlag({ summary: 'Beginning; now unless given' }),
    to: timeFlag({ summary: 'End, exclusive: 2026-11-22T18:00, now+2h, ...', exclusive: ['for'] }),
    for: durationFlag({ summary: 'How long, from the beginning', exclusive: ['to'] }),
    reason: Flags.string({ summary: 'Why, for those who wonder', helpValue: '<text>', default: '' }),
    timezone: timezoneFlag(),
  };
  static override examples = [
    '<%= config.bin %> maintenance create --device boiler-7 --for 2h --reason "new burner"',
    {
      description: 'Announced for a night:',
      command: '<%= config.bin %> maintenance create --group paris --from tomorrow+1h --for 3h --timezone Europe/Paris',
    },
  ];

  async run(): Promise<void> {
    const { everything, from, to, for: lengthMs, reason, timezone } = this.flags;
    const scope = scopeOf(this.flags);
    if (everything === Object.keys(scope).length > 0) {
      throw new MusterError('usage', everything ? '--everything and a scope do not go together.' : 'The maintenance has no scope.', {
        hint: 'Give --device, --group, --type, --label or --point; or --everything.',
      });
    }
    if (to === undefined && lengthMs === undefined) throw new MusterError('usage', 'The maintenance has no end.', { hint: 'Give --for 2h, or --to.' });
    this.checkColumns(MAINTENANCE_COLUMNS);
    const { parseTime } = await import('../../lib/reading/time-expression.ts');
    const hub = await this.writable();
    const { time: now } = await hub.time();
    const context = { now, timezone };
    const start = from === undefined ? now : parseTime(from, context);
    const end = to === undefined ? start + (lengthMs ?? 0) : parseTime(to, context);
    await this.printOne(await hub.maintenances.create({ scope, from: start, to: end, reason }), MAINTENANCE_COLUMNS);
  }
}
