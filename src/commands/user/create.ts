import { Args, Flags } from '@oclif/core';
import { ROLES } from '../../lib/access/roles.ts';
import type { UserCreated } from '../../lib/api/schema/access.ts';
import { USER_COLUMNS } from '../../lib/cli/access-columns.ts';
import type { Column } from '../../lib/cli/column.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { secretFromStdin } from '../../lib/cli/prompt.ts';

const COLUMNS: readonly Column<UserCreated>[] = [...USER_COLUMNS, { name: 'password', value: (row) => row.password ?? null }];

export default class UserCreate extends HubCommand<typeof UserCreate> {
  static override summary = 'Let a person in';
  static override description = 'Without --password-stdin the hub makes a password and it is shown this once. A password has at least 10 characters.';
  static override args = { name: Args.string({ description: 'Name to log in with', required: true }) };
  static override flags = {
    role: Flags.option({ summary: 'What the person may do', options: ROLES, default: 'viewer' as const })(),
    'password-stdin': Flags.boolean({ summary: 'Read the password from stdin' }),
  };
  static override examples = [
    '<%= config.bin %> user create grace --role operator',
    '<%= config.bin %> user create ada --role admin --password-stdin < password.txt',
  ];

  async run(): Promise<void> {
    const columns = this.flags['password-stdin'] ? USER_COLUMNS : COLUMNS;
    this.checkColumns(columns);
    const hub = await this.writable();
    const password = this.flags['password-stdin'] ? await secretFromStdin('password-stdin', this.signal) : undefined;
    const user = await hub.users.create({ name: this.args.name, role: this.flags.role, ...(password === undefined ? {} : { password }) });
    await this.printOne(user, columns);
    if (user.password !== undefined) this.say('The password is shown this once.');
  }
}
