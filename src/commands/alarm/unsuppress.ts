import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmUnsuppress extends AlarmActionCommand<typeof AlarmUnsuppress> {
  static override summary = 'End what `alarm suppress` began';
  static override description =
    'What a parent alarm, a calendar or a maintenance window suppresses stays suppressed. What still holds and was never told is told now.';
  static override args = alarmActionArgs;
  static override flags = { ...alarmActionFlags };
  static override examples = ['<%= config.bin %> alarm unsuppress 3f9a61c2', '<%= config.bin %> alarm unsuppress --state suppressed --group paris --yes'];

  async run(): Promise<void> {
    await this.act({ kind: 'unsuppress' }, { verb: 'Unsuppress', done: 'unsuppressed' });
  }
}
