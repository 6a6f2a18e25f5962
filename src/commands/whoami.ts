import type { Whoami } from '../lib/api/schema/access.ts';
import { type Column, timeColumn } from '../lib/cli/column.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';

const COLUMNS: readonly Column<Whoami & { readonly url: string }>[] = [
  { name: 'name', value: (row) => row.name },
  { name: 'kind', value: (row) => row.kind },
  { name: 'role', value: (row) => row.role },
  { name: 'project', value: (row) => row.project },
  { name: 'token', value: (row) => row.tokenId },
  { name: 'hub', value: (row) => row.url },
  { name: 'version', value: (row) => row.hub.version },
  timeColumn('started', (row) => row.hub.startedAt),
];

export default class WhoamiCommand extends HubCommand<typeof WhoamiCommand> {
  static override summary = 'Say who you are to the hub, and which hub that is';
  static override description =
    'A first step for a script: exit code 0 when the hub answers and takes the token, 4 when it refuses it, 6 when nothing answers.';
  static override examples = [
    '<%= config.bin %> whoami',
    { description: 'The role alone, for a script:', command: '<%= config.bin %> whoami --output csv --columns role' },
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printOne({ url: hub.url, ...(await hub.whoami()) }, COLUMNS);
  }
}
