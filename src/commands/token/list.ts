import { TOKEN_COLUMNS } from '../../lib/cli/access-columns.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class TokenList extends HubCommand<typeof TokenList> {
  static override summary = 'List the API tokens of the project, without their secrets';
  static override description =
    'Those made for applications and scripts, and those of log-ins, with their validity. Ended ones stay in the list for a week. The id is what `muster token revoke` takes.';
  static override flags = { ...listFlags };
  static override examples = [
    '<%= config.bin %> token list',
    '<%= config.bin %> token list --all --output csv',
    '<%= config.bin %> token list --sort -created',
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.tokens.list({ limit }), TOKEN_COLUMNS, this.flags);
  }
}
