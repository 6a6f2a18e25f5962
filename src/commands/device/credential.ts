import { Args, Flags } from '@oclif/core';
import type { CredentialCreated } from '../../lib/api/schema/fleet.ts';
import { CREDENTIAL_COLUMNS } from '../../lib/cli/access-columns.ts';
import { BULK_COLUMNS } from '../../lib/cli/bulk.ts';
import type { Column } from '../../lib/cli/column.ts';
import { yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless, secretFromStdin } from '../../lib/cli/prompt.ts';

const COLUMNS: readonly Column<CredentialCreated>[] = [
  ...CREDENTIAL_COLUMNS,
  { name: 'username', value: (row) => row.username },
  { name: 'secret', value: (row) => row.secret },
];

export default class DeviceCredential extends HubCommand<typeof DeviceCredential> {
  static override summary = 'Make, list or remove the credentials of a device';
  static override description =
    'Makes a token unless a flag says otherwise. A secret is shown this once; the hub keeps only a hash of it. Over MQTT the user name is the id of the device, and the password is the token or password.';
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }) };
  static override flags = {
    'password-stdin': Flags.boolean({ summary: 'A password, read from stdin (at least 10 characters)', exclusive: ['generate-password', 'list', 'remove'] }),
    'generate-password': Flags.boolean({ summary: 'A password that the hub makes', exclusive: ['list', 'remove'] }),
    list: Flags.boolean({ summary: 'List what it has', exclusive: ['remove'] }),
    remove: Flags.string({ summary: 'Remove one, and cut the sessions of the device', helpValue: '<id>' }),
    yes: yesFlag,
  };
  static override examples = [
    '<%= config.bin %> device credential boiler-7',
    '<%= config.bin %> device credential boiler-7 --generate-password --json',
    '<%= config.bin %> device credential boiler-7 --password-stdin < password.txt',
    '<%= config.bin %> device credential boiler-7 --list',
    '<%= config.bin %> device credential boiler-7 --remove 01f3a9 --yes',
  ];

  async run(): Promise<void> {
    const { device } = this.args;
    const { list, remove } = this.flags;
    if (list) {
      const hub = await this.hub();
      return this.print(hub.devices.credentials(device), CREDENTIAL_COLUMNS);
    }
    const hub = await this.writable();
    this.checkColumns(remove === undefined ? COLUMNS : BULK_COLUMNS);
    if (remove !== undefined) {
      await confirmUnless(this.flags.yes, `Remove the credential ${remove} of ${device}?`, this.signal);
      await hub.devices.removeCredential(device, remove);
      return this.printDone(`Removed ${remove}.`, { id: remove, status: 'removed', code: null, reason: null }, BULK_COLUMNS);
    }
    const given = this.flags['password-stdin'] ? { password: await secretFromStdin('password-stdin', this.signal) } : {};
    const kind = this.flags['password-stdin'] || this.flags['generate-password'] ? 'password' : 'token';
    await this.printOne(await hub.devices.addCredential(device, { kind, ...given }), COLUMNS);
    this.say('The secret is shown this once.');
  }
}
