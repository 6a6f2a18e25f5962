import { Args, Flags } from '@oclif/core';
import { ROLES } from '../../lib/access/roles.ts';
import { USER_COLUMNS } from '../../lib/cli/access-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { password, secretFromStdin } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class UserUpdate extends HubCommand<typeof UserUpdate> {
  static override summary = 'Change the role or password of a person, or shut one out';
  static override description =
    'A change ends the log-ins of that person. The last administrator can be neither shut out nor given another role. A password has at least 10 characters.';
  static override args = { name: Args.string({ description: 'Name of the user', required: true }) };
  static override flags = {
    role: Flags.option({ summary: 'What the person may do', options: ROLES })(),
    disable: Flags.boolean({ summary: 'Shut the person out; what they did stays', exclusive: ['enable'] }),
    enable: Flags.boolean({ summary: 'Let the person in again', exclusive: ['disable'] }),
    password: Flags.boolean({ summary: 'Ask for a new password', exclusive: ['password-stdin'] }),
    'password-stdin': Flags.boolean({ summary: 'Read a new password from stdin', exclusive: ['password'] }),
  };
  static override examples = [
    '<%= config.bin %> user update grace --role admin',
    '<%= config.bin %> user update grace --disable',
    '<%= config.bin %> user update grace --password-stdin < password.txt',
  ];

  async run(): Promise<void> {
    const { role, disable, enable } = this.flags;
    const asked = this.flags.password || this.flags['password-stdin'];
    if (role === undefined && !disable && !enable && !asked) {
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give --role, --disable, --enable, --password or --password-stdin.' });
    }
    this.checkColumns(USER_COLUMNS);
    const hub = await this.writable();
    const secret = await this.#newPassword();
    const user = await hub.users.update(this.args.name, {
      ...(role === undefined ? {} : { role }),
      ...(disable || enable ? { disabled: disable } : {}),
      ...(secret === undefined ? {} : { password: secret }),
    });
    await this.printOne(user, USER_COLUMNS);
  }

  async #newPassword(): Promise<string | undefined> {
    if (this.flags['password-stdin']) return secretFromStdin('password-stdin', this.signal);
    if (!this.flags.password) return undefined;
    const how = { flag: '--password-stdin', signal: this.signal };
    const first = await password(`New password of ${this.args.name}`, how);
    if (first !== (await password('Again', how))) throw new MusterError('usage', 'The two passwords are not the same.', { hint: 'Try again.' });
    return first;
  }
}
