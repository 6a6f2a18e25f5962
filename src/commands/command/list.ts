import { Flags } from '@oclif/core';
import { COMMAND_COLUMNS } from '../../lib/cli/command-columns.ts';
import { filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { COMMAND_KINDS, COMMAND_STATES } from '../../lib/domain/command.ts';

export default class CommandList extends HubCommand<typeof CommandList> {
  static override summary = 'List what was asked of devices, the last first';
  static override description =
    'Set points, calls and configurations, with what became of each: queued, sent, delivered, applied, rejected, expired, cancelled. Each filter narrows the list.';
  static override flags = {
    device: filterFlag({ summary: 'Of this device; an alias as kind:value does, too', helpValue: '<id>' }),
    kind: Flags.option({ summary: 'Of this kind; repeats', options: COMMAND_KINDS, multiple: true, multipleNonGreedy: true })(),
    state: Flags.option({ summary: 'In this state; repeats', options: COMMAND_STATES, multiple: true, multipleNonGreedy: true })(),
    job: filterFlag({ summary: 'Of this job', helpValue: '<id>' }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> command list --device boiler-7',
    { description: 'What still waits for its device:', command: '<%= config.bin %> command list --state queued --state sent' },
    '<%= config.bin %> command list --kind call --state rejected --all --output csv',
  ];

  async run(): Promise<void> {
    const { device, kind, state, job } = this.flags;
    const filters = {
      ...(device === undefined ? {} : { device }),
      ...(kind === undefined ? {} : { kind }),
      ...(state === undefined ? {} : { state }),
      ...(job === undefined ? {} : { job }),
    };
    const hub = await this.hub();
    await this.printList((limit) => hub.commands.list(filters, { limit }), COMMAND_COLUMNS, this.flags);
  }
}
