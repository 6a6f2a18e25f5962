import { CONTEXT_COLUMNS, contextRow } from '../../lib/cli/context-columns.ts';
import { readContexts } from '../../lib/cli/contexts.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';

export default class ContextList extends MusterCommand<typeof ContextList> {
  static override summary = 'List the contexts: the hubs that have a name here';
  static override description = 'The one in use is marked with a star. Tokens are shown by their ids alone, and no hub is asked.';
  static override examples = ['<%= config.bin %> context list', '<%= config.bin %> context list --json', '<%= config.bin %> context list --columns name,url'];

  async run(): Promise<void> {
    const { contexts, current } = readContexts();
    await this.print(
      contexts.map((context) => contextRow(context, current)),
      CONTEXT_COLUMNS,
    );
  }
}
