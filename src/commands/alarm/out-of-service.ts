import { AlarmActionCommand, alarmActionArgs, alarmSilenceFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmOutOfService extends AlarmActionCommand<typeof AlarmOutOfService> {
  static override summary = 'Take alarms out of service: journalled, and nobody is told';
  static override description = 'For equipment under repair, until `alarm in-service`. Automatic actions of its rule rest as well.';
  static override args = alarmActionArgs;
  static override flags = { ...alarmSilenceFlags };
  static override examples = [
    '<%= config.bin %> alarm out-of-service 3f9a61c2 --comment "Pump removed"',
    '<%= config.bin %> alarm out-of-service --device boiler-7 --dry-run',
    '<%= config.bin %> alarm out-of-service --normal --rule boiler-hot --device boiler-7 --point boiler/temperature',
  ];

  async run(): Promise<void> {
    await this.act({ kind: 'out-of-service', comment: this.flags.comment ?? null }, { verb: 'Take out of service', done: 'taken out of service' });
  }
}
