import { Flags } from '@oclif/core';
import { AlarmActionCommand, alarmActionArgs, alarmActionFlags } from '../../lib/cli/alarm-action-command.ts';

export default class AlarmAssign extends AlarmActionCommand<typeof AlarmAssign> {
  static override summary = 'Assign alarms to somebody';
  static override description = 'To whom is a name of your choice: the hub does not check that there is such a user.';
  static override args = alarmActionArgs;
  static override flags = {
    to: Flags.string({ summary: 'Who takes care of it', helpValue: '<name>', exactlyOne: ['to', 'nobody'] }),
    nobody: Flags.boolean({ summary: 'Nobody any more', exactlyOne: ['to', 'nobody'] }),
    ...alarmActionFlags,
  };
  static override examples = [
    '<%= config.bin %> alarm assign 3f9a61c2 --to anna',
    '<%= config.bin %> alarm assign --group paris --unassigned --to ben --yes',
    '<%= config.bin %> alarm assign 3f9a61c2 --nobody',
  ];

  async run(): Promise<void> {
    const { to } = this.flags;
    await this.act({ kind: 'assign', assignee: to ?? null }, { verb: 'Assign', done: to === undefined ? 'assigned to nobody' : 'assigned' });
  }
}
