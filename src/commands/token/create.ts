import { Args, Flags } from '@oclif/core';
import { ROLES } from '../../lib/access/roles.ts';
import type { TokenCreated } from '../../lib/api/schema/access.ts';
import { TOKEN_COLUMNS } from '../../lib/cli/access-columns.ts';
import type { Column } from '../../lib/cli/column.ts';
import { durationFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

const COLUMNS: readonly Column<TokenCreated>[] = [...TOKEN_COLUMNS, { name: 'token', value: (row) => row.token }];

export default class TokenCreate extends HubCommand<typeof TokenCreate> {
  static override summary = 'Make an API token for an application or a script';
  static override description = 'The token is shown this once; the hub keeps only a hash of it.';
  static override args = { name: Args.string({ description: 'What it is for', required: true }) };
  static override flags = {
    role: Flags.option({ summary: 'What it may do', options: ROLES, default: 'viewer' as const })(),
    expires: durationFlag({ summary: 'How long it is valid; without it, until it is revoked' }),
  };
  static override examples = [
    '<%= config.bin %> token create dashboard',
    '<%= config.bin %> token create deployment --role operator --expires 90d',
    { description: 'The token alone:', command: '<%= config.bin %> token create report --json --columns token' },
  ];

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const hub = await this.writable();
    const { role, expires } = this.flags;
    const token = await hub.tokens.create({
      name: this.args.name,
      role,
      ...(expires === undefined ? {} : { expiresInSeconds: Math.max(1, Math.round(expires / 1000)) }),
    });
    await this.printOne(token, COLUMNS);
    this.say('The token is shown this once.');
  }
}
