import { Args } from '@oclif/core';
import { BULK_COLUMNS } from '../../lib/cli/bulk.ts';
import { readContexts, removeContext } from '../../lib/cli/contexts.ts';
import { yesFlag } from '../../lib/cli/flags.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class ContextRemove extends MusterCommand<typeof ContextRemove> {
  static override summary = 'Forget a context and its token';
  static override description = 'The token stays valid on the hub; `muster logout --context NAME` revokes it first.';
  static override args = { name: Args.string({ description: 'Name of the context', required: true }) };
  static override flags = { yes: yesFlag };
  static override examples = ['<%= config.bin %> context remove local', '<%= config.bin %> context remove local --yes'];

  async run(): Promise<void> {
    const { name } = this.args;
    this.checkColumns(BULK_COLUMNS);
    if (!readContexts().contexts.some((context) => context.name === name)) {
      throw new MusterError('not_found', `There is no context ${name}.`, { hint: 'See `muster context list`.' });
    }
    await confirmUnless(this.flags.yes, `Forget the context ${name} and its token?`, this.signal);
    await removeContext(name);
    await this.printDone(`Removed ${name}.`, { id: name, status: 'removed', code: null, reason: null }, BULK_COLUMNS);
  }
}
