import { USER_COLUMNS } from '../../lib/cli/access-columns.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class UserList extends HubCommand<typeof UserList> {
  static override summary = 'List the people of the project';
  static override description = 'The roles are admin, operator and viewer. Programs have tokens instead: `muster token list`.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> user list', '<%= config.bin %> user list --json'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.users.list({ limit }), USER_COLUMNS, this.flags);
  }
}
