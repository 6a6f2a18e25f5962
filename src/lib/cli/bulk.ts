import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { Column } from './column.ts';

/** What became of one of several things. */
export interface BulkRow {
  readonly id: string;
  readonly status: string;
  readonly code: string | null;
  readonly reason: string | null;
}

export const BULK_COLUMNS: readonly Column<BulkRow>[] = [
  { name: 'id', value: (row) => row.id },
  { name: 'status', value: (row) => row.status },
  { name: 'code', value: (row) => row.code },
  { name: 'reason', value: (row) => row.reason },
];

export interface BulkWork {
  /** What is done, as a participle: `deleted`. */
  readonly done: string;
  /** With --dry-run `check` runs in place of `act`. */
  readonly dryRun: boolean;
  readonly act: (id: string) => Promise<unknown>;
  readonly check: (id: string) => Promise<unknown>;
}

/** After one of these the rest would fail the same way. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['unreachable', 'timed_out', 'not_logged_in', 'locked_out', 'interrupted', 'stopping']);

/** One after the other; a failure does not stop the others, unless the hub itself is gone. A single thing fails with its own error, and so do all when the first finds no hub. */
export async function runBulk(given: readonly string[], work: BulkWork): Promise<BulkRow[]> {
  const ids = [...new Set(given)];
  const rows: BulkRow[] = [];
  let hopeless: MusterError | undefined;
  for (const id of ids) {
    if (hopeless) {
      rows.push({ id, status: 'skipped', code: hopeless.code, reason: hopeless.message });
      continue;
    }
    try {
      await (work.dryRun ? work.check(id) : work.act(id));
      rows.push({ id, status: work.dryRun ? `would be ${work.done}` : work.done, code: null, reason: null });
    } catch (error: unknown) {
      if (ids.length === 1) throw error;
      const failure = error instanceof MusterError ? error : new MusterError('internal', messageOf(error), { cause: error });
      if (HOPELESS.has(failure.code)) {
        // Nothing was done: that is no part of the work that failed.
        if (rows.length === 0) throw failure;
        hopeless = failure;
      }
      rows.push({ id, status: 'failed', code: failure.code, reason: failure.message });
    }
  }
  return rows;
}

/** Once the rows are printed: exit code 7 when some of them failed. */
export function failUnlessAll(rows: readonly BulkRow[]): void {
  const failed = rows.filter((row) => row.code !== null);
  if (failed.length === 0) return;
  throw new MusterError('partly_failed', `${failed.length} of ${rows.length} failed.`, { details: { failed: failed.map((row) => row.id) } });
}
