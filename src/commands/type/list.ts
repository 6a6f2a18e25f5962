import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { TYPE_COLUMNS } from '../../lib/cli/type-columns.ts';

export default class TypeList extends HubCommand<typeof TypeList> {
  static override summary = 'List device types';
  static override description = 'With the number of points that each declares; as JSON or YAML with the points themselves.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> type list', '<%= config.bin %> type list --output yaml'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.types.list({ limit }), TYPE_COLUMNS, this.flags);
  }
}
