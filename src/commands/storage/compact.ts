import { Flags } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { COMPACT_COLUMNS, LONG_WORK_MS } from '../../lib/cli/storage-columns.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export default class StorageCompact extends HubCommand<typeof StorageCompact> {
  static override summary = 'Move samples to Parquet files now';
  static override description =
    'The hub does so by itself: days that are over, late samples once they are worth it, small files into larger ones. Without a flag, what is due.';
  static override flags = {
    day: Flags.string({ summary: 'This day alone (UTC), over or not', helpValue: '<yyyy-mm-dd>', exclusive: ['all'] }),
    all: Flags.boolean({ summary: 'Everything up to now, and late samples however few', exclusive: ['day'] }),
  };
  static override examples = [
    '<%= config.bin %> storage compact',
    '<%= config.bin %> storage compact --all --json',
    '<%= config.bin %> storage compact --day 2026-11-20',
  ];

  async run(): Promise<void> {
    const { day, all, timeout } = this.flags;
    if (day !== undefined && (!DAY.test(day) || Number.isNaN(Date.parse(`${day}T00:00:00Z`))))
      throw new MusterError('usage', `--day \`${day}\` is not a day.`, { hint: 'Write it as 2026-11-20.' });
    this.checkColumns(COMPACT_COLUMNS);
    const hub = await this.writable();
    const what = { ...(all ? { all } : {}), ...(day === undefined ? {} : { day }) };
    await this.printOne(await hub.storage.compact(what, { timeoutMs: timeout ?? LONG_WORK_MS }), COMPACT_COLUMNS);
  }
}
