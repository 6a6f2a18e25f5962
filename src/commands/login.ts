import { Flags } from '@oclif/core';
import { type Column, timeColumn } from '../lib/cli/column.ts';
import { readContexts } from '../lib/cli/contexts.ts';
import { durationFlag } from '../lib/cli/flags.ts';
import { type LoginResult, logIn } from '../lib/cli/log-in.ts';
import { MusterCommand } from '../lib/cli/muster-command.ts';
import { password, secretFromStdin } from '../lib/cli/prompt.ts';
import { MusterError } from '../lib/errors/muster-error.ts';

const COLUMNS: readonly Column<LoginResult>[] = [
  { name: 'context', value: (row) => row.context },
  { name: 'url', value: (row) => row.url },
  { name: 'name', value: (row) => row.name },
  { name: 'role', value: (row) => row.role },
  { name: 'project', value: (row) => row.project },
  timeColumn('expires', (row) => row.expiresAt),
];

export default class Login extends MusterCommand<typeof Login> {
  static override summary = 'Log in to a hub, and use it from now on';
  static override description =
    `Keeps the hub under the name of a context, with a token that expires; the password is not kept. Scripts give --password-stdin, or an API token of their own with --token-stdin.`;
  static override examples = [
    '<%= config.bin %> login --url http://127.0.0.1:8080 --user admin',
    { description: 'Without a terminal:', command: '<%= config.bin %> login --url http://127.0.0.1:8080 --user admin --password-stdin < password.txt' },
    {
      description: 'With an API token, as the context ci:',
      command: '<%= config.bin %> login --url http://127.0.0.1:8080 --token-stdin --context ci < token.txt',
    },
  ];
  static override flags = {
    url: Flags.string({ summary: 'URL of the hub (or MUSTER_URL; without it, the context in use)', helpValue: '<url>' }),
    user: Flags.string({ summary: 'Name of the user', helpValue: '<name>' }),
    'password-stdin': Flags.boolean({ summary: 'Read the password from stdin', relationships: [{ type: 'none', flags: ['token-stdin'] }] }),
    'token-stdin': Flags.boolean({ summary: 'Read an API token from stdin, in place of user and password', exclusive: ['user'] }),
    context: Flags.string({ summary: 'Name to keep it under; without it, that of the same URL or the host', helpValue: '<name>' }),
    project: Flags.string({ summary: 'Project that the log-in must belong to', helpValue: '<name>' }),
    ca: Flags.string({ summary: 'PEM file of the CA that signed the certificate of the hub', helpValue: '<file>' }),
    timeout: durationFlag({ summary: 'Longest wait for an answer (default 30s)' }),
  };

  async run(): Promise<void> {
    const { flags } = this;
    this.checkColumns(COLUMNS);
    const result = await logIn({
      ...flags,
      timeoutMs: flags.timeout,
      contexts: readContexts(),
      signal: this.signal,
      warn: (line) => this.say(line),
      proof: async () => {
        if (flags['token-stdin']) return { token: await secretFromStdin('token-stdin', this.signal) };
        if (flags.user === undefined)
          throw new MusterError('usage', 'Who logs in?', { hint: 'Give --user NAME, or --token-stdin.', details: { flag: 'user' } });
        const secret = flags['password-stdin']
          ? await secretFromStdin('password-stdin', this.signal)
          : await password(`Password of ${flags.user}`, { flag: '--password-stdin', signal: this.signal });
        return { user: flags.user, password: secret };
      },
    });
    await this.printOne(result, COLUMNS);
  }
}
