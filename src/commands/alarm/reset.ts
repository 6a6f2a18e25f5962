import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmReset extends AlarmActionCommand<typeof AlarmReset> {
  static override summary = 'Reset latched alarms';
  static override description =
    'An alarm whose rule has `latch` stays after its condition has ended, until it is reset. One whose condition still holds is refused.';
  static override args = alarmActionArgs;
  static override flags = { ...alarmActionFlags };
  static override examples = ['<%= config.bin %> alarm reset 3f9a61c2', '<%= config.bin %> alarm reset --state latched-acknowledged --dry-run'];

  async run(): Promise<void> {
    await this.act({ kind: 'reset' }, { verb: 'Reset', done: 'reset' });
  }
}
