import { AlarmActionCommand, alarmActionArgs, alarmSilenceFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmSuppress extends AlarmActionCommand<typeof AlarmSuppress> {
  static override summary = 'Suppress alarms by hand: journalled, and nobody is told';
  static override description = 'Until `alarm unsuppress`. To silence one for a time, `alarm shelve` is safer: it ends by itself.';
  static override args = alarmActionArgs;
  static override flags = { ...alarmSilenceFlags };
  static override examples = [
    '<%= config.bin %> alarm suppress 3f9a61c2 --comment "Known fault, ticket 4711"',
    '<%= config.bin %> alarm suppress --rule boiler-hot --group paris --dry-run',
    '<%= config.bin %> alarm suppress --normal --rule boiler-hot --device boiler-7 --point boiler/temperature',
  ];

  async run(): Promise<void> {
    await this.act({ kind: 'suppress', comment: this.flags.comment ?? null }, { verb: 'Suppress', done: 'suppressed' });
  }
}
