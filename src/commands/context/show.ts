import { Args } from '@oclif/core';
import { CONTEXT_COLUMNS, contextRow } from '../../lib/cli/context-columns.ts';
import { readContexts } from '../../lib/cli/contexts.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class ContextShow extends MusterCommand<typeof ContextShow> {
  static override summary = 'Show a context: the one in use, or that of a name';
  static override description = 'Its token is shown by the id alone.';
  static override args = { name: Args.string({ description: 'Name of the context; without it, the one in use' }) };
  static override examples = ['<%= config.bin %> context show', '<%= config.bin %> context show local --json'];

  async run(): Promise<void> {
    const { contexts, current } = readContexts();
    const name = this.args.name ?? current;
    if (name === null) throw new MusterError('no_context', 'No context is in use.');
    const context = contexts.find((one) => one.name === name);
    if (!context) throw new MusterError('not_found', `There is no context ${name}.`, { hint: 'See `muster context list`.' });
    await this.printOne(contextRow(context, current), CONTEXT_COLUMNS);
  }
}
