import { type FileHandle, open } from 'node:fs/promises';
import type { Layout } from './export-format.ts';
import { findResumePoint, type ResumePoint } from './resume.ts';

const TAIL_BYTES = 256 * 1024;
const BLOCK_BYTES = 1024 * 1024;

/** `findResumePoint` for a file on disk. A CSV file is read whole, because only its beginning tells which quotes open and which close. */
export async function readResumePoint(path: string, format: string, layout: Layout): Promise<ResumePoint> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    for (let length = TAIL_BYTES; ; length *= 8) {
      const offset = Math.max(0, size - length);
      const insideQuotes = format === 'csv' && (await hasOddQuotes(file, offset));
      const found = findResumePoint(format, layout, { bytes: await readAt(file, offset, size - offset), offset, insideQuotes });
      if (found !== null) return found;
    }
  } finally {
    await file.close();
  }
}

async function hasOddQuotes(file: FileHandle, end: number): Promise<boolean> {
  let quotes = 0;
  for (let at = 0; at < end; at += BLOCK_BYTES) {
    const block = await readAt(file, at, Math.min(BLOCK_BYTES, end - at));
    for (let found = block.indexOf('"'); found !== -1; found = block.indexOf('"', found + 1)) quotes++;
  }
  return quotes % 2 === 1;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
