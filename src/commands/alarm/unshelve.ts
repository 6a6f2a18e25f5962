import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmUnshelve extends AlarmActionCommand<typeof AlarmUnshelve> {
  static override summary = 'End the shelving of alarms';
  static override description = 'Those whose condition holds are told of again.';
  static override args = alarmActionArgs;
  static override flags = { ...alarmActionFlags };
  static override examples = ['<%= config.bin %> alarm unshelve 3f9a61c2', '<%= config.bin %> alarm unshelve --state shelved --rule boiler-hot --yes'];

  async run(): Promise<void> {
    await this.act({ kind: 'unshelve' }, { verb: 'Unshelve', done: 'unshelved' });
  }
}
