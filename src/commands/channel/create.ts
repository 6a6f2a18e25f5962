import { Args, Flags } from '@oclif/core';
import type { ChannelCreate as Body, ChannelCreated } from '../../lib/api/schema/notifications.ts';
import { CHANNEL_KINDS, configHelp, configOf } from '../../lib/cli/channel-config.ts';
import { CONFIG_FLAGS } from '../../lib/cli/channel-flags.ts';
import type { Column } from '../../lib/cli/column.ts';
import { readDefinition } from '../../lib/cli/definition-file.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CHANNEL_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const COLUMNS: readonly Column<ChannelCreated>[] = [
  ...CHANNEL_COLUMNS,
  {
    name: 'generated',
    value: (row) => row.generated,
    text: (row) =>
      Object.entries(row.generated)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
  },
];

export default class ChannelCreate extends HubCommand<typeof ChannelCreate> {
  static override summary = 'Make a channel: a way to tell somebody of alarms';
  static override description =
    `A route says which alarms go over it: \`muster route create\`. Secrets are never shown again; one that the hub makes is shown this once.

${configHelp()}

A file holds the same as YAML or JSON, with the keys id, kind, enabled and config; flags win over it.`;
  static override args = { channel: Args.string({ description: 'Id of the channel; without it, that of the file' }) };
  static override flags = {
    kind: Flags.option({ summary: 'How it tells', options: CHANNEL_KINDS })(),
    ...CONFIG_FLAGS,
    disabled: Flags.boolean({ summary: 'Make it, and let nothing go over it yet' }),
    file: Flags.string({ summary: 'YAML or JSON file; - for stdin', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> channel create pager --kind webhook --set url=https://alarms.example.com/muster --set headers.X-Team=heating',
    '<%= config.bin %> channel create pager --kind webhook --set url=https://alarms.example.com/muster --secret-file secret.txt',
    '<%= config.bin %> channel create mail --kind email --set host=smtp.example.com --set user=muster --secret-file password.txt --set from=muster@example.com --set to=ops@example.com',
    '<%= config.bin %> channel create --file channel.yaml',
  ];

  async run(): Promise<void> {
    const { file, disabled } = this.flags;
    const base = file === undefined ? {} : ((await readDefinition(file, ['id', 'kind', 'enabled', 'config', 'secrets'], this.signal)) as Partial<Body>);
    const id = this.args.channel ?? base.id;
    const kind = this.flags.kind ?? base.kind;
    if (id === undefined) throw new MusterError('usage', 'The channel has no id.', { hint: 'Give it as the argument, or in the file.' });
    if (kind === undefined) throw new MusterError('usage', 'The channel has no kind.', { hint: `Give --kind ${CHANNEL_KINDS.join(' or ')}.` });
    const given = await configOf(
      kind,
      { set: this.flags.set, secretFile: this.flags['secret-file'], secretEnv: this.flags['secret-env'] },
      { env: process.env, signal: this.signal, warn: (text) => this.say(text) },
    );
    this.checkColumns(COLUMNS);
    const hub = await this.writable();
    const channel = await hub.channels.create({ id, kind, enabled: disabled ? false : (base.enabled ?? true), config: { ...base.config, ...given } });
    await this.printOne(channel, COLUMNS);
    for (const name of Object.keys(channel.generated)) this.say(`The ${name} is shown this once.`);
  }
}
