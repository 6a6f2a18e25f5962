import { Flags } from '@oclif/core';
import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmAck extends AlarmActionCommand<typeof AlarmAck> {
  static override summary = 'Acknowledge alarms: somebody has taken note';
  static override description =
    'One row for each alarm. What was so already is `unchanged`; when some could not be done, the others are, and the exit code is 7. An alarm that has cleared closes with it.';
  static override args = alarmActionArgs;
  static override flags = { comment: Flags.string({ char: 'm', summary: 'Why, for the journal', helpValue: '<text>' }), ...alarmActionFlags };
  static override examples = [
    '<%= config.bin %> alarm ack 3f9a61c2 --comment "On my way"',
    '<%= config.bin %> alarm ack --device boiler-7 --dry-run',
    {
      description: 'All that are not worse than minor, from a script:',
      command: '<%= config.bin %> alarm ack --severity minor --severity warning --no-acked --yes --json',
    },
  ];

  async run(): Promise<void> {
    await this.act({ kind: 'ack', comment: this.flags.comment ?? null }, { verb: 'Acknowledge', done: 'acknowledged' });
  }
}
