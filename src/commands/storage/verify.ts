import { HubCommand } from '../../lib/cli/hub-command.ts';
import { FINDING_COLUMNS, findingsOf, LONG_WORK_MS } from '../../lib/cli/storage-columns.ts';
import { EXIT } from '../../lib/errors/catalogue.ts';

export default class StorageVerify extends HubCommand<typeof StorageVerify> {
  static override summary = 'Read all that is stored back, and name what is damaged';
  static override description =
    'Compares every file with its checksum, reads it to the end, and checks the order and the number of its rows; reads the hot table likewise, and the system database with its journal and the log of the broker. A damaged file is left out of queries from then on; restored, it is read again after the next run. Exit code 1 when something is damaged.';
  static override examples = ['<%= config.bin %> storage verify', '<%= config.bin %> storage verify --json'];

  async run(): Promise<void> {
    this.checkColumns(FINDING_COLUMNS);
    const hub = await this.hub();
    const result = await hub.storage.verify({ timeoutMs: this.flags.timeout ?? LONG_WORK_MS });
    const findings = findingsOf(result);
    if (findings.length > 0 || this.output !== 'table') await this.print(findings, FINDING_COLUMNS);
    const { pages, journalEntries, brokerLogEntries, complete } = result.system;
    const system = complete
      ? `${pages} pages of the system database with ${journalEntries} entries of the journal and ${brokerLogEntries} of the broker's log`
      : 'a part of the system database, for it took too long';
    this.say(
      `${result.samples} samples, ${result.files} files and ${system} were read: ${result.damaged.length === 0 ? 'nothing' : result.damaged.length} damaged.`,
    );
    if (result.damaged.length > 0) process.exitCode = EXIT.failed;
  }
}
