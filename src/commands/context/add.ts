import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { CONTEXT_COLUMNS, contextRow } from '../../lib/cli/context-columns.ts';
import { readContexts, saveContext } from '../../lib/cli/contexts.ts';
import { MusterCommand } from '../../lib/cli/muster-command.ts';
import { secretFromStdin } from '../../lib/cli/prompt.ts';
import { normalizeHubUrl } from '../../lib/client/hub-url.ts';

export default class ContextAdd extends MusterCommand<typeof ContextAdd> {
  static override summary = 'Give a hub a name';
  static override description =
    'A context of the same name is replaced; it keeps its token when the URL stays the same and no other is given. With a read-only context, commands that change something refuse to work.';
  static override args = { name: Args.string({ description: 'Name of the context', required: true }) };
  static override flags = {
    url: Flags.string({ summary: 'URL of the hub', helpValue: '<url>', required: true }),
    'token-stdin': Flags.boolean({ summary: 'Read its API token from stdin' }),
    project: Flags.string({ summary: 'Project of the token', helpValue: '<name>' }),
    'read-only': Flags.boolean({ summary: 'Refuse commands that change something' }),
    ca: Flags.string({ summary: 'PEM file of the CA that signed the certificate of the hub', helpValue: '<file>' }),
    use: Flags.boolean({ summary: 'Use it from now on' }),
  };
  static override examples = [
    '<%= config.bin %> context add local --url http://127.0.0.1:8080 --use',
    {
      description: 'A production hub, to look at:',
      command: '<%= config.bin %> context add production --url https://hub.example.org --read-only --token-stdin < token.txt',
    },
  ];

  async run(): Promise<void> {
    const { flags } = this;
    const { name } = this.args;
    this.checkColumns(CONTEXT_COLUMNS);
    const before = readContexts();
    const url = normalizeHubUrl(flags.url);
    const same = before.contexts.find((context) => context.name === name && normalizeHubUrl(context.url) === url);
    const ca = flags.ca === undefined ? same?.ca : resolve(flags.ca);
    if (flags.ca !== undefined) await access(flags.ca, constants.R_OK);
    const context = {
      name,
      url,
      token: flags['token-stdin'] ? await secretFromStdin('token-stdin', this.signal) : (same?.token ?? null),
      project: flags.project ?? same?.project ?? null,
      readOnly: flags['read-only'],
      ...(ca === undefined ? {} : { ca }),
    };
    const use = flags.use || before.current === null;
    await saveContext(context, { use });
    await this.printOne(contextRow(context, use ? name : before.current), CONTEXT_COLUMNS);
  }
}
