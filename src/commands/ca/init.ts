import { Args, Flags } from '@oclif/core';
import { CA_COLUMNS } from '../../lib/cli/certificate-columns.ts';
import { durationFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { KEY_KINDS } from '../../lib/domain/certificate.ts';

export default class CaInit extends HubCommand<typeof CaInit> {
  static override summary = 'Make a certificate authority of the project';
  static override description =
    `The hub makes its key and keeps it; with the setting ca.passphrase it stands encrypted on the disk. From then on devices log in with certificates that it issues (\`muster ca issue\`).

With several, the newest signs unless --ca names another: to change over, make a second, renew the certificates of the devices, and remove the first.`;
  static override args = { name: Args.string({ description: 'What to call it', default: 'ca' }) };
  static override flags = {
    key: Flags.option({ summary: 'Kind of its key; Ed25519 is unknown to many TLS libraries of devices', options: KEY_KINDS, default: 'p256' as const })(),
    valid: durationFlag({ summary: 'How long it is valid (default 3660d); no certificate outlives it' }),
    subject: Flags.string({ summary: 'Common name; without it, project, name and some random letters', helpValue: '<text>' }),
  };
  static override examples = ['<%= config.bin %> ca init', '<%= config.bin %> ca init factory-2 --key ed25519 --valid 1825d --subject "Devices of ACME"'];

  async run(): Promise<void> {
    this.checkColumns(CA_COLUMNS);
    const { key, valid, subject } = this.flags;
    const hub = await this.writable();
    const made = await hub.cas.create({
      kind: 'own',
      id: this.args.name,
      key,
      ...(valid === undefined ? {} : { validSeconds: Math.max(1, Math.round(valid / 1000)) }),
      ...(subject === undefined ? {} : { subject }),
    });
    await this.printOne(made, CA_COLUMNS);
  }
}
