import { Flags } from '@oclif/core';
import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmComment extends AlarmActionCommand<typeof AlarmComment> {
  static override summary = 'Write a comment into the journal of alarms';
  static override description = 'Closed alarms take comments too: give their refs.';
  static override args = alarmActionArgs;
  static override flags = { comment: Flags.string({ char: 'm', summary: 'The comment', helpValue: '<text>', required: true }), ...alarmActionFlags };
  static override examples = [
    '<%= config.bin %> alarm comment 3f9a61c2 --comment "Valve replaced, watching it"',
    '<%= config.bin %> alarm comment --device boiler-7 --comment "Technician on site" --yes',
  ];

  async run(): Promise<void> {
    await this.act({ kind: 'comment', comment: this.flags.comment }, { verb: 'Comment', done: 'commented' });
  }
}
