import type { MessageMark } from '../commit-log.ts';
import type { ReadDatabase } from './database.ts';

/** The marks of one group commit. */
export interface RecentMarks {
  /** ms since 1970 */
  readonly committedAt: number;
  readonly marks: readonly MessageMark[];
}

const NUMBERS = 4;
export const MARK_BYTES = NUMBERS * 4;

/** All of it, the oldest first. */
export function readRecentMarks(database: ReadDatabase): RecentMarks[] {
  const rows = database.all<{ committed_at: number; blob: Uint8Array }>('select committed_at, blob from recent_messages order by id');
  return rows.map((row) => ({ committedAt: row.committed_at, marks: decodeMarks(row.blob) }));
}

/** Four u32 for each mark, little-endian. */
export function encodeMarks(parts: readonly (readonly MessageMark[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, marks) => sum + marks.length, 0) * MARK_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const marks of parts) {
    for (const { keyHigh, keyLow, accepted, rejected } of marks) {
      view.setUint32(at, keyHigh, true);
      view.setUint32(at + 4, keyLow, true);
      view.setUint32(at + 8, accepted, true);
      view.setUint32(at + 12, rejected, true);
      at += MARK_BYTES;
    }
  }
  return bytes;
}

function decodeMarks(bytes: Uint8Array): MessageMark[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marks: MessageMark[] = [];
  for (let at = 0; at + MARK_BYTES <= bytes.byteLength; at += MARK_BYTES) {
    marks.push({
      keyHigh: view.getUint32(at, true),
      keyLow: view.getUint32(at + 4, true),
      accepted: view.getUint32(at + 8, true),
      rejected: view.getUint32(at + 12, true),
    });
  }
  return marks;
}
