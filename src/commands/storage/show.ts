import { HubCommand } from '../../lib/cli/hub-command.ts';
import { STORAGE_COLUMNS } from '../../lib/cli/storage-columns.ts';

export default class StorageShow extends HubCommand<typeof StorageShow> {
  static override summary = 'Show how many samples the hub holds, where, and in how many bytes';
  static override description =
    'New samples are in the hot table; days that are over are in Parquet files. The journal holds what is stored for good and not yet in the hot table.';
  static override examples = [
    '<%= config.bin %> storage show',
    '<%= config.bin %> storage show --columns samples,bytes-per-sample,files',
    '<%= config.bin %> storage show --json',
  ];

  async run(): Promise<void> {
    this.checkColumns(STORAGE_COLUMNS);
    const hub = await this.hub();
    await this.printOne(await hub.storage.show(), STORAGE_COLUMNS);
  }
}
