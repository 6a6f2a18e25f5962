import { Args, Flags } from '@oclif/core';
import { CA_COLUMNS } from '../../lib/cli/certificate-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class CaShow extends HubCommand<typeof CaShow> {
  static override summary = 'Show a certificate authority, its certificate or its revocation list';
  static override description =
    'The revocation list is for other programs that trust the authority: the hub itself knows what is revoked without it. It is signed anew each time, and only own authorities have one.';
  static override args = { name: Args.string({ description: 'Name of the authority', default: 'ca' }) };
  static override flags = {
    pem: Flags.boolean({ summary: 'Its certificate alone, in PEM', exclusive: ['crl'] }),
    crl: Flags.boolean({ summary: 'Its revocation list, in PEM' }),
  };
  static override examples = ['<%= config.bin %> ca show', '<%= config.bin %> ca show ca --pem > ca.pem', '<%= config.bin %> ca show ca --crl > ca.crl'];

  async run(): Promise<void> {
    const hub = await this.hub();
    const { name } = this.args;
    if (this.flags.crl) return this.write(await hub.cas.revocationList(name));
    const ca = await hub.cas.show(name);
    if (this.flags.pem) return this.write(ca.certificate);
    await this.printOne(ca, CA_COLUMNS);
  }
}
