import { Args, Flags } from '@oclif/core';
import type { CredentialCreated } from '../../../lib/api/schema/fleet.ts';
import { CREDENTIAL_COLUMNS } from '../../../lib/cli/access-columns.ts';
import type { Column } from '../../../lib/cli/column.ts';
import { durationFlag } from '../../../lib/cli/flags.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';
import { secretFromStdin } from '../../../lib/cli/prompt.ts';

const COLUMNS: readonly Column<CredentialCreated>[] = [
  ...CREDENTIAL_COLUMNS,
  { name: 'username', value: (row) => row.username },
  { name: 'secret', value: (row) => row.secret },
];

export default class DeviceCredentialCreate extends HubCommand<typeof DeviceCredentialCreate> {
  static override summary = 'Make a credential of a device';
  static override description =
    'Makes a token unless a flag says otherwise. A secret is shown this once; the hub keeps only a hash of it. Over MQTT the user name is the id of the device, and the password is the token or password. A token with a validity can be renewed by the device itself, before it expires.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = {
    'password-stdin': Flags.boolean({ summary: 'A password, read from stdin (at least 10 characters)', exclusive: ['generate-password', 'claim'] }),
    'generate-password': Flags.boolean({ summary: 'A password that the hub makes' }),
    claim: Flags.boolean({ summary: 'None yet: the device waits, and gets one when it claims itself', exclusive: ['generate-password'] }),
    valid: durationFlag({ summary: 'How long it is valid; without it, of a token as access.device-token-days says, of a password until it is removed' }),
    'valid-forever': Flags.boolean({ summary: 'Until it is removed, whatever access.device-token-days says', exclusive: ['valid'] }),
  };
  static override examples = [
    '<%= config.bin %> device credential create boiler-7',
    '<%= config.bin %> device credential create boiler-7 --valid 90d',
    '<%= config.bin %> device credential create pump-9 --claim --valid 30d',
    '<%= config.bin %> device credential create boiler-7 --generate-password --json',
    '<%= config.bin %> device credential create boiler-7 --password-stdin < password.txt',
  ];

  async run(): Promise<void> {
    const { flags } = this;
    this.checkColumns(COLUMNS);
    const hub = await this.writable();
    const given = flags['password-stdin'] ? { password: await secretFromStdin('password-stdin', this.signal) } : {};
    const kind = flags['password-stdin'] || flags['generate-password'] ? 'password' : flags.claim ? 'claim' : 'token';
    const validity = flags['valid-forever']
      ? { validSeconds: null }
      : flags.valid === undefined
        ? {}
        : { validSeconds: Math.max(1, Math.round(flags.valid / 1000)) };
    await this.printOne(await hub.devices.addCredential(this.args.device, { kind, ...given, ...validity }), COLUMNS);
    if (kind !== 'claim') this.say('The secret is shown this once.');
  }
}
