import { Flags } from '@oclif/core';
import { AlarmActionCommand, alarmActionArgs, alarmSilenceFlags } from '../../lib/cli/alarm-action-command.ts';
import { durationFlag } from '../../lib/cli/flags.ts';

export default class AlarmShelve extends AlarmActionCommand<typeof AlarmShelve> {
  static override summary = 'Shelve alarms for a time: journalled, and nobody is told';
  static override description =
    'It ends by itself: after --for, or with --once when the alarm returns to normal, whichever is first. An alarm that holds then is told of again. The hub has a longest time (alarms.shelve-max-ms), which is taken without --for.';
  static override args = alarmActionArgs;
  static override flags = {
    for: durationFlag({ summary: 'How long; as long as the hub allows unless given' }),
    once: Flags.boolean({ summary: 'Until it returns to normal, at the latest then' }),
    ...alarmSilenceFlags,
  };
  static override examples = [
    '<%= config.bin %> alarm shelve 3f9a61c2 --for 8h --comment "Valve is on order"',
    '<%= config.bin %> alarm shelve --rule boiler-hot --device boiler-7 --for 2h --once --yes',
    '<%= config.bin %> alarm shelve --normal --rule boiler-hot --device boiler-7 --point boiler/temperature --for 1h',
  ];

  async run(): Promise<void> {
    const { for: forMs, once, comment } = this.flags;
    const action = { kind: 'shelve', once, comment: comment ?? null, ...(forMs === undefined ? {} : { forMs }) } as const;
    await this.act(action, { verb: 'Shelve', done: 'shelved' });
  }
}
