import { CA_COLUMNS } from '../../lib/cli/certificate-columns.ts';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';

export default class CaList extends HubCommand<typeof CaList> {
  static override summary = 'List the certificate authorities of the project';
  static override description = 'Own ones, which issue certificates, and external ones that are registered. `muster ca certificates` lists the certificates.';
  static override flags = { ...listFlags };
  static override examples = ['<%= config.bin %> ca list', '<%= config.bin %> ca list --columns id,state,expires,fingerprint'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.cas.list({ limit }), CA_COLUMNS, this.flags);
  }
}
