import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { openDatabase } from './driver.ts';
import { decodeJournal, encodeJournal } from './journal-codec.ts';

export interface JournalReader {
  /**
   * The entries after this one, joined in their order: as many as hold up to `maxSamples` samples, but at least one.
   * null: there are none. Throws MusterError `storage_failed` that names a damaged entry; nothing is skipped.
   */
  read(afterId: number, maxSamples: number): { readonly lastId: number; readonly columns: SampleColumns } | null;
  /** Idempotent. */
  close(): void;
}

interface Row {
  readonly id: number;
  readonly samples: number;
  readonly blob: Uint8Array;
}

/** Opens the journal for reading, beside its writer and in any thread. The file must have been made by the commit log. */
export function openJournal(file: string): JournalReader {
  const database = openDatabase(file, { readOnly: true });
  const next = database.prepare('select id, samples, blob from journal where id > ? order by id limit 1');
  let open = true;
  return {
    read(afterId, maxSamples) {
      const parts: SampleColumns[] = [];
      let lastId = afterId;
      let samples = 0;
      for (;;) {
        const row = readRow(() => next.get(lastId) as Row | undefined, lastId);
        if (row === undefined || (parts.length > 0 && samples + row.samples > maxSamples)) break;
        const decoded = decodeJournal(row.blob, row.id);
        if (!decoded.ok) throw damaged(decoded.reason, row.id);
        if (decoded.value.count !== row.samples) throw damaged(`journal entry ${row.id}: ${decoded.value.count} samples instead of ${row.samples}`, row.id);
        parts.push(decoded.value);
        samples += row.samples;
        lastId = row.id;
      }
      const first = parts[0];
      if (first === undefined) return null;
      return { lastId, columns: parts.length === 1 ? first : joined(parts, lastId) };
    },
    close() {
      if (open) database.close();
      open = false;
    },
  };

  function readRow<Value>(read: () => Value, after: number): Value {
    try {
      return read();
    } catch (cause) {
      throw new MusterError('storage_failed', `the journal in ${file} cannot be read after entry ${after}: ${messageOf(cause)}`, { cause });
    }
  }

  function damaged(reason: string, entry: number): MusterError {
    return new MusterError('storage_failed', `the journal in ${file} is damaged: ${reason}`, {
      hint: 'Restore the data directory from a backup; nothing behind this entry has been applied.',
      details: { file, entry },
    });
  }
}

function joined(parts: readonly SampleColumns[], entry: number): SampleColumns {
  const whole = decodeJournal(encodeJournal(parts), entry);
  if (!whole.ok) throw new Error(whole.reason);
  return whole.value;
}
