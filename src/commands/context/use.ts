import { Args } from '@oclif/core';
import { CONTEXT_COLUMNS, contextRow } from '../../lib/cli/context-columns.ts';
import { readContexts, switchContext } from '../../lib/cli/contexts.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';

export default class ContextUse extends MusterCommand<typeof ContextUse> {
  static override summary = 'Use a context from now on';
  static override description = 'For one command alone, --context, --url or MUSTER_URL choose another hub; they win over the one in use.';
  static override args = { name: Args.string({ description: 'Name of the context', required: true }) };
  static override examples = [
    '<%= config.bin %> context use local',
    { description: 'For one command alone:', command: '<%= config.bin %> device list --context local' },
  ];

  async run(): Promise<void> {
    const { name } = this.args;
    this.checkColumns(CONTEXT_COLUMNS);
    await switchContext(name);
    const context = readContexts().contexts.find((one) => one.name === name);
    if (context) await this.printDone(`Using ${name}.`, contextRow(context, name), CONTEXT_COLUMNS);
  }
}
