import { Args } from '@oclif/core';
import { REVOCATION_LIST_COLUMNS } from '../../../lib/cli/certificate-columns.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';
import { readCrl } from '../../../lib/cli/read-crl.ts';

export default class CaCrlImport extends HubCommand<typeof CaCrlImport> {
  static override summary = 'Import a revocation list that an external authority published';
  static override description =
    `Sessions of certificates that it names are cut, and they are refused from then on; those that are not in it any more count again. The list before goes, and one that is older than it is refused. A list stays in force after its end, and the journal of events says that a newer one is due.

It has to be complete, and signed by the registered authority: delta lists, indirect lists and lists for a part of the certificates are refused. The list of an authority of the hub is in \`muster ca show --crl\`.`;
  static override args = {
    name: Args.string({ description: 'Name of the authority', required: true }),
    file: Args.string({ description: 'The list, in PEM or DER; - for stdin', required: true }),
  };
  static override examples = [
    '<%= config.bin %> ca crl import factory factory.crl',
    '<%= config.bin %> ca crl import factory - < factory.crl',
    '<%= config.bin %> ca crl import factory factory.crl --json',
  ];

  async run(): Promise<void> {
    this.checkColumns(REVOCATION_LIST_COLUMNS);
    const list = await readCrl(this.args.file, this.signal);
    const hub = await this.writable();
    await this.printOne(await hub.cas.importRevocationList(this.args.name, list), REVOCATION_LIST_COLUMNS);
  }
}
