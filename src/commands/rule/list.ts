import { Flags } from '@oclif/core';
import { CONDITION_NAMES } from '../../lib/alarms/conditions/condition-names.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { RULE_COLUMNS } from '../../lib/cli/rule-columns.ts';

export default class RuleList extends HubCommand<typeof RuleList> {
  static override summary = 'List alarm rules';
  static override description =
    'As JSON or YAML with their documents: `rule list --all --output yaml` is a file that `rule create --file` takes. A rule that is `unreadable` was made by another release of Muster; it is kept, and not in force.';
  static override flags = {
    state: Flags.option({ summary: 'Only those', options: ['in-force', 'disabled', 'unreadable'] as const })(),
    kind: Flags.option({ summary: 'Only with this kind of condition', options: CONDITION_NAMES })(),
    ...listFlags,
  };
  static override examples = ['<%= config.bin %> rule list', '<%= config.bin %> rule list --state disabled', '<%= config.bin %> rule list --all --output yaml'];

  async run(): Promise<void> {
    const { state, kind } = this.flags;
    const hub = await this.hub();
    await this.printList((limit) => hub.rules.list({ state, kind }, { limit }), RULE_COLUMNS, this.flags);
  }
}
