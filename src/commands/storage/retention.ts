import { Flags } from '@oclif/core';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { LONG_WORK_MS, RETENTION_COLUMNS } from '../../lib/cli/storage-columns.ts';

export default class StorageRetention extends HubCommand<typeof StorageRetention> {
  static override summary = 'Show how long samples are kept, and what is too old';
  static override description =
    'The setting `storage.retention-days` says how long. The hub deletes what is older by itself, and leaves a file alone until a twentieth of it is too old; --apply deletes all of it now.';
  static override flags = {
    apply: Flags.boolean({ summary: 'Delete what is too old now' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> storage retention',
    '<%= config.bin %> storage retention --apply --yes',
    '<%= config.bin %> storage retention --apply --dry-run --json',
  ];

  async run(): Promise<void> {
    this.checkColumns(RETENTION_COLUMNS);
    const patience = { timeoutMs: this.flags.timeout ?? LONG_WORK_MS };
    if (!this.flags.apply || this.flags['dry-run']) {
      const hub = await this.hub();
      await this.printOne(await hub.storage.retention(patience), RETENTION_COLUMNS);
      return;
    }
    const hub = await this.writable();
    if (!this.flags.yes) {
      const { samples } = await hub.storage.retention(patience);
      await confirmUnless(false, `Delete ${samples} samples for good?`, this.signal);
    }
    await this.printOne(await hub.storage.retain(patience), RETENTION_COLUMNS);
  }
}
