import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmInService extends AlarmActionCommand<typeof AlarmInService> {
  static override summary = 'Put alarms back in service';
  static override description = 'What holds and was never told is told now.';
  static override args = alarmActionArgs;
  static override flags = { ...alarmActionFlags };
  static override examples = [
    '<%= config.bin %> alarm in-service 3f9a61c2',
    '<%= config.bin %> alarm in-service --state out-of-service --device boiler-7 --yes',
  ];

  async run(): Promise<void> {
    await this.act({ kind: 'in-service' }, { verb: 'Put in service', done: 'put in service' });
  }
}
