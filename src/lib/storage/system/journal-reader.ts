import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { openDatabase } from './driver.ts';
import { decodeJournal, encodeJournal } from './journal-codec.ts';

export interface JournalReader {
  /**
   * The entries after this one, joined in their order: as many as hold up to `maxSamples` samples and 32 MiB, but at least one.
   * null: there are none. Throws MusterError `storage_failed` that names a damaged entry in its details; nothing is skipped.
   */
  read(afterId: number, maxSamples: number): { readonly lastId: number; readonly columns: SampleColumns } | null;
  /** Idempotent. */
  close(): void;
}

/** Of one read: samples may be texts of any length, and they are in memory several times until they are applied. */
const READ_BYTES_MAX = 32 * 1024 * 1024;

interface Row {
  readonly id: number;
  readonly samples: number;
  readonly bytes: number;
}

/** Opens the journal for reading, beside its writer and in any thread. The file must have been made by the commit log. Another `readBytesMax` is for tests. */
export function openJournal(file: string, readBytesMax = READ_BYTES_MAX): JournalReader {
  const database = openDatabase(file, { readOnly: true });
  const next = database.prepare('select id, samples, length(blob) as bytes from journal where id > ? order by id limit 1');
  const content = database.prepare('select blob from journal where id = ?');
  let open = true;
  return {
    read(afterId, maxSamples) {
      const parts: SampleColumns[] = [];
      let lastId = afterId;
      let samples = 0;
      let bytes = 0;
      for (;;) {
        const row = readRow(() => next.get(lastId) as Row | undefined, lastId);
        if (row === undefined || (parts.length > 0 && (samples + row.samples > maxSamples || bytes + row.bytes > readBytesMax))) break;
        const { blob } = readRow(() => content.get(row.id) as { blob: Uint8Array }, lastId, row.id);
        const decoded = decodeJournal(blob, row.id);
        if (!decoded.ok) throw damaged(decoded.reason, row.id);
        if (decoded.value.count !== row.samples) throw damaged(`journal entry ${row.id}: ${decoded.value.count} samples instead of ${row.samples}`, row.id);
        parts.push(decoded.value);
        samples += row.samples;
        bytes += row.bytes;
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

  function readRow<Value>(read: () => Value, after: number, entry = after + 1): Value {
    try {
      return read();
    } catch (cause) {
      const details = { file, entry };
      throw new MusterError('storage_failed', `the journal in ${file} cannot be read after entry ${after}: ${messageOf(cause)}`, { cause, details });
    }
  }

  function damaged(reason: string, entry: number): MusterError {
    return new MusterError('storage_failed', `the journal in ${file} is damaged: ${reason}`, {
      hint: 'The hub sets it aside, at its next start at the latest, and goes on behind it.',
      details: { file, entry },
    });
  }
}

function joined(parts: readonly SampleColumns[], entry: number): SampleColumns {
  const whole = decodeJournal(encodeJournal(parts), entry);
  if (!whole.ok) throw new Error(whole.reason);
  return whole.value;
}
