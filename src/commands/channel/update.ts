import { Args, Flags } from '@oclif/core';
import type { ChannelCreate as Body } from '../../lib/api/schema/notifications.ts';
import { CONFIG_FLAGS } from '../../lib/cli/channel-flags.ts';
import { readDefinition } from '../../lib/cli/definition-file.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CHANNEL_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class ChannelUpdate extends HubCommand<typeof ChannelUpdate> {
  static override summary = 'Change the configuration of a channel';
  static override description =
    'What is not given stays as it is. The `config` of a --file takes the place of the whole, but for secrets: those that it leaves out stay. A secret that would go to another receiver with the change has to be given again. What waits for the channel is tried again at once.';
  static override args = { channel: Args.string({ description: 'Id of the channel', required: true }) };
  static override flags = {
    ...CONFIG_FLAGS,
    unset: Flags.string({ summary: 'Name of a part to take away; repeats', helpValue: '<name>', multiple: true, multipleNonGreedy: true }),
    file: Flags.string({ summary: 'YAML or JSON file; - for stdin', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> channel update pager --set timeoutMs=5000 --set burst=20',
    '<%= config.bin %> channel update mail --set to=ops@example.com --set to=boss@example.com',
    { description: 'Another key for the signature:', command: '<%= config.bin %> channel update pager --secret-file secret.txt' },
  ];

  async run(): Promise<void> {
    const { channel: id } = this.args;
    const { file, set, unset } = this.flags;
    const secretFile = this.flags['secret-file'];
    const secretEnv = this.flags['secret-env'];
    const base = file === undefined ? null : ((await readDefinition(file, ['id', 'kind', 'enabled', 'config', 'secrets'], this.signal)) as Partial<Body>);
    if (base?.id !== undefined && base.id !== id) throw new MusterError('usage', `The file is of the channel ${base.id}, not of ${id}.`);
    if (base === null && !set && !unset && !secretFile && !secretEnv)
      throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give --set, --unset, --secret-file, --secret-env or --file.' });
    this.checkColumns(CHANNEL_COLUMNS);
    const hub = await this.writable();
    const known = await hub.channels.show(id);
    if (base?.kind !== undefined && base.kind !== known.kind)
      throw new MusterError('usage', `The channel ${id} is of the kind ${known.kind} and stays so.`, { hint: 'Make another with `channel create`.' });
    const { configOf } = await import('../../lib/cli/channel-config.ts');
    const given = await configOf(known.kind, { set, unset, secretFile, secretEnv }, { env: process.env, signal: this.signal, warn: (text) => this.say(text) });
    const config = { ...(base?.config ?? known.config), ...given };
    await this.printOne(await hub.channels.update(id, { config, ...(base?.enabled === undefined ? {} : { enabled: base.enabled }) }), CHANNEL_COLUMNS);
  }
}
