import { Flags } from '@oclif/core';
import { dryRunFlag, retentionFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { LONG_WORK_MS, RETENTION_COLUMNS, RETENTION_RULE_COLUMNS } from '../../lib/cli/storage-columns.ts';

export default class StorageRetention extends HubCommand<typeof StorageRetention> {
  static override summary = 'Show how long samples are kept, who says so, and what is too old';
  static override description =
    `The first that says something wins: the point itself (\`point update --retention\`), its device's type (\`type update --point path:retention=90d\`), the project (--set), the hub (the setting \`storage.retention-days\`); without any, samples are kept for ever.

The hub deletes what is too old by itself, and leaves a file alone until a twentieth of it is too old; --apply deletes all of it now. --set alone deletes nothing at once; with --dry-run it says what would be too old.`;
  static override flags = {
    set: retentionFlag({ summary: 'How long this project keeps samples', exclusive: ['inherit'] }),
    inherit: Flags.boolean({ summary: 'Take away what the project says, so that the setting of the hub holds' }),
    apply: Flags.boolean({ summary: 'Delete what is too old now' }),
    rules: Flags.boolean({ summary: 'List the rules of types and points instead', exclusive: ['set', 'inherit', 'apply'] }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> storage retention',
    '<%= config.bin %> storage retention --rules',
    '<%= config.bin %> storage retention --set 2y --dry-run',
    '<%= config.bin %> storage retention --set forever',
    '<%= config.bin %> storage retention --apply --yes',
    '<%= config.bin %> storage retention --apply --dry-run --json',
  ];

  async run(): Promise<void> {
    const { set, inherit, apply, rules, yes, timeout } = this.flags;
    this.checkColumns(rules ? RETENTION_RULE_COLUMNS : RETENTION_COLUMNS);
    const patience = { timeoutMs: timeout ?? LONG_WORK_MS };
    const wanted = inherit ? 'inherit' : set;
    const supposed = { ...patience, ...(wanted === undefined ? {} : { retention: wanted }) };
    if (rules) {
      const hub = await this.hub();
      await this.print((await hub.storage.retention(patience)).rules, RETENTION_RULE_COLUMNS);
      return;
    }
    if (this.flags['dry-run'] || (wanted === undefined && !apply)) {
      const hub = await this.hub();
      await this.printOne(await hub.storage.retention(supposed), RETENTION_COLUMNS);
      return;
    }
    const hub = await this.writable();
    if (apply && !yes) {
      const { samples } = await hub.storage.retention(supposed);
      await confirmUnless(false, `Delete ${samples} samples for good?`, this.signal);
    }
    const shown = wanted === undefined ? null : await hub.storage.setRetention({ retention: set ?? null }, patience);
    await this.printOne(apply || shown === null ? await hub.storage.retain(patience) : shown, RETENTION_COLUMNS);
  }
}
