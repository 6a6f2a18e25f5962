import { Args, Flags } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { PROVISIONING_RULE_COLUMNS } from '../../lib/cli/provisioning-columns.ts';
import { PROVISIONING_RULE_FLAGS, ruleOf } from '../../lib/cli/provisioning-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const CLEARABLE = ['when', 'reason', 'kind', 'type', 'name', 'description'] as const;

export default class ProvisioningUpdate extends HubCommand<typeof ProvisioningUpdate> {
  static override summary = 'Change a rule about devices that register themselves';
  static override description = 'What is not given stays; groups and labels take the place of what was there. Devices that it let in stay as they are.';
  static override args = { rule: Args.string({ description: 'Name of the rule', required: true }) };
  static override flags = {
    ...PROVISIONING_RULE_FLAGS,
    clear: Flags.option({ summary: 'A field to empty; repeats', options: CLEARABLE, multiple: true, multipleNonGreedy: true })(),
    enable: Flags.boolean({ summary: 'Ask it from now on', exclusive: ['disable'] }),
    disable: Flags.boolean({ summary: 'Do not ask it any more' }),
  };
  static override examples = [
    '<%= config.bin %> provisioning update known --priority 10',
    '<%= config.bin %> provisioning update known --disable',
    '<%= config.bin %> provisioning update known --decision hold --clear type',
  ];

  async run(): Promise<void> {
    this.checkColumns(PROVISIONING_RULE_COLUMNS);
    const { clear, enable, disable, ...flags } = this.flags;
    const { id: _id, ...fields } = await ruleOf(flags, this.signal);
    const change = {
      ...fields,
      ...Object.fromEntries((clear ?? []).map((field) => [field, null])),
      ...(enable && { enabled: true }),
      ...(disable && { enabled: false }),
    };
    if (Object.keys(change).length === 0)
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give one of the flags of `muster provisioning update --help`.' });
    const hub = await this.writable();
    await this.printOne(await hub.provisioningRules.update(this.args.rule, change), PROVISIONING_RULE_COLUMNS);
  }
}
