import { Args, Flags } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { PROVISIONING_RULE_COLUMNS } from '../../lib/cli/provisioning-columns.ts';
import { PROVISIONING_RULE_FLAGS, ruleOf } from '../../lib/cli/provisioning-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class ProvisioningCreate extends HubCommand<typeof ProvisioningCreate> {
  static override summary = 'Make a rule about devices that register themselves';
  static override description =
    'The rules are asked in the order of their priority; the first that holds decides: accept, hold for approval, or reject. It gives the device its type, groups, labels and name, which may hold expressions. An expression knows id, name, kind, type, aliases, labels, attributes, claim, address and protocol; a device that a rule cannot decide about is held. docs/operate/claiming.md has more.';
  static override args = { rule: Args.string({ description: 'Name of the rule; without it, that of the file' }) };
  static override flags = { ...PROVISIONING_RULE_FLAGS, disabled: Flags.boolean({ summary: 'Make it, and do not ask it yet' }) };
  static override examples = [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the hub fills it in.
    "<%= config.bin %> provisioning create meters --when 'aliases.imei.startsWith(\"35\")' --type boiler --label 'site=${attributes.site}'",
    '<%= config.bin %> provisioning create strangers --priority 1000 --decision hold --reason "ask the control room"',
    '<%= config.bin %> provisioning create --file provisioning.yaml',
  ];

  async run(): Promise<void> {
    this.checkColumns(PROVISIONING_RULE_COLUMNS);
    const { disabled, ...flags } = this.flags;
    const { id: named, ...fields } = await ruleOf(flags, this.signal);
    const id = this.args.rule ?? named;
    if (id === undefined) throw new MusterError('usage', 'The rule has no name.', { hint: 'Give it as the argument, or as id in the file.' });
    const hub = await this.writable();
    await this.printOne(await hub.provisioningRules.create({ ...fields, id, ...(disabled && { enabled: false }) }), PROVISIONING_RULE_COLUMNS);
  }
}
