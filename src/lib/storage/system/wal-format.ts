/**
 * SQLite's write-ahead log, as https://sqlite.org/fileformat2.html#walformat has it: a header of 32 bytes, then frames of 24 bytes and a
 * page each. Checksums are cumulative, but a frame's begins with the two words that the frame before has stored: so each frame can be checked
 * with what stands right before it, whatever is damaged further up.
 */
export const WAL_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
const MAGIC_LITTLE = 0x377f0682;
const MAGIC_BIG = 0x377f0683;
const FORMAT = 3_007_000;

/** The two words of a checksum. */
export interface Checksum {
  readonly first: number;
  readonly second: number;
}

export interface WalHeader {
  /** Byte order of the words that are summed up; everything else is big-endian. */
  readonly littleEndian: boolean;
  readonly pageBytes: number;
  readonly salts: Checksum;
  readonly checksum: Checksum;
}

export interface FrameHeader {
  readonly page: number;
  /** Pages of the database after the commit that ends with this frame; 0: it does not end one. */
  readonly pagesAfterCommit: number;
  readonly salts: Checksum;
  readonly checksum: Checksum;
}

const ZERO: Checksum = { first: 0, second: 0 };

export function sameWords(a: Checksum, b: Checksum): boolean {
  return a.first === b.first && a.second === b.second;
}

/** null: it is none, or damaged. */
export function readWalHeader(bytes: Uint8Array): WalHeader | null {
  if (bytes.length < WAL_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  const magic = view.getUint32(0);
  if ((magic !== MAGIC_LITTLE && magic !== MAGIC_BIG) || view.getUint32(4) !== FORMAT) return null;
  const pageBytes = view.getUint32(8);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return null;
  const header = { littleEndian: magic === MAGIC_LITTLE, pageBytes, salts: wordsAt(view, 16), checksum: wordsAt(view, 24) };
  return sameWords(summed(ZERO, bytes, 0, 24, header.littleEndian), header.checksum) ? header : null;
}

/** A header like this one, with its checksum. */
export function writeWalHeader(bytes: Uint8Array, { littleEndian, pageBytes, salts }: Pick<WalHeader, 'littleEndian' | 'pageBytes' | 'salts'>): Checksum {
  const view = viewOf(bytes);
  view.setUint32(0, littleEndian ? MAGIC_LITTLE : MAGIC_BIG);
  view.setUint32(4, FORMAT);
  view.setUint32(8, pageBytes);
  view.setUint32(12, 0);
  setWords(view, 16, salts);
  const checksum = summed(ZERO, bytes, 0, 24, littleEndian);
  setWords(view, 24, checksum);
  return checksum;
}

export function readFrameHeader(frame: Uint8Array): FrameHeader {
  const view = viewOf(frame);
  return { page: view.getUint32(0), pagesAfterCommit: view.getUint32(4), salts: wordsAt(view, 8), checksum: wordsAt(view, 16) };
}

/** Writes salts and checksum of a frame whose page, number and commit stand there already. */
export function sealFrame(frame: Uint8Array, before: Checksum, { salts, littleEndian }: Pick<WalHeader, 'salts' | 'littleEndian'>): Checksum {
  const view = viewOf(frame);
  const checksum = frameChecksum(before, frame, littleEndian);
  setWords(view, 8, salts);
  setWords(view, 16, checksum);
  return checksum;
}

export function frameChecksum(before: Checksum, frame: Uint8Array, littleEndian: boolean): Checksum {
  return summed(summed(before, frame, 0, 8, littleEndian), frame, FRAME_HEADER_BYTES, frame.length, littleEndian);
}

/** Over 8 bytes at a time. */
function summed(before: Checksum, bytes: Uint8Array, from: number, to: number, littleEndian: boolean): Checksum {
  let { first, second } = before;
  const view = viewOf(bytes);
  for (let at = from; at < to; at += 8) {
    first = (first + view.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return { first, second };
}

/**
 * The one bit of number, commit or page that was turned over, if that is all that is wrong with a frame: the checksum is linear, so the
 * difference tells where. Returns its byte and bit; null: more is wrong.
 */
export function findFlippedBit(before: Checksum, frame: Uint8Array, littleEndian: boolean): { readonly byte: number; readonly bit: number } | null {
  const is = frameChecksum(before, frame, littleEndian);
  const shouldBe = readFrameHeader(frame).checksum;
  const wanted = { first: (shouldBe.first - is.first) >>> 0, second: (shouldBe.second - is.second) >>> 0 };
  const view = viewOf(frame);
  // What 1 more in the first or the second word of a pair adds to the sums; each further pair turns (a, b) into (a + b, a + 2b).
  let ofFirst: Checksum = { first: 1, second: 1 };
  let ofSecond: Checksum = { first: 0, second: 1 };
  for (let pair = frame.length - 8; pair >= 0; pair -= 8) {
    if (pair >= FRAME_HEADER_BYTES || pair === 0) {
      for (const [at, effect] of [
        [pair, ofFirst],
        [pair + 4, ofSecond],
      ] as const) {
        const bit = bitOf(view.getUint32(at, littleEndian), effect, wanted);
        if (bit !== null) return { byte: at + (littleEndian ? bit >>> 3 : 3 - (bit >>> 3)), bit: bit & 7 };
      }
      ofFirst = next(ofFirst);
      ofSecond = next(ofSecond);
    }
  }
  return null;
}

/** Likewise one bit of the stored checksum itself. */
export function isOneBitOff(before: Checksum, frame: Uint8Array, littleEndian: boolean): boolean {
  const is = frameChecksum(before, frame, littleEndian);
  const { checksum } = readFrameHeader(frame);
  return bitsOf(is.first ^ checksum.first) + bitsOf(is.second ^ checksum.second) === 1;
}

function bitOf(word: number, effect: Checksum, wanted: Checksum): number | null {
  for (let bit = 0; bit < 32; bit++) {
    // A bit that is set now was not, and the other way round.
    const change = ((word >>> bit) & 1) === 1 ? -(2 ** bit) : 2 ** bit;
    if (times(effect.first, change) === wanted.first && times(effect.second, change) === wanted.second) return bit;
  }
  return null;
}

function times(value: number, factor: number): number {
  return Math.imul(value, factor) >>> 0;
}

function next({ first, second }: Checksum): Checksum {
  const sum = (first + second) >>> 0;
  return { first: sum, second: (sum + second) >>> 0 };
}

function bitsOf(word: number): number {
  let bits = 0;
  for (let rest = word >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) bits++;
  return bits;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wordsAt(view: DataView, at: number): Checksum {
  return { first: view.getUint32(at), second: view.getUint32(at + 4) };
}

function setWords(view: DataView, at: number, { first, second }: Checksum): void {
  view.setUint32(at, first);
  view.setUint32(at + 4, second);
}
