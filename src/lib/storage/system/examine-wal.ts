import {
  type Checksum,
  FRAME_HEADER_BYTES,
  findFlippedBit,
  frameChecksum,
  isOneBitOff,
  readFrameHeader,
  readWalHeader,
  sameWords,
  WAL_HEADER_BYTES,
  type WalHeader,
} from './wal-format.ts';

/** A log to look into: bytes from a place on, fewer at its end. */
export interface WalSource {
  readonly bytes: number;
  read(at: number, length: number): Uint8Array;
}

/** A frame of the log as it is to be: null where it cannot be known. */
export interface ExaminedFrame {
  readonly index: number;
  readonly page: number;
  readonly pagesAfterCommit: number;
  /** `mended`: something was wrong, and is known exactly. */
  state: 'whole' | 'mended' | 'damaged';
  /** To be turned over. */
  readonly flipped: { readonly byte: number; readonly bit: number } | null;
}

export interface ExaminedWal {
  /** Without its own checksum where that was damaged. */
  readonly header: WalHeader;
  readonly headerWasDamaged: boolean;
  /** Up to the last frame that ends a commit. */
  readonly frames: readonly ExaminedFrame[];
}

/**
 * Looks for damage that is no torn last write. SQLite ends at a frame that is not whole without a word, and what was committed behind it is
 * gone. null: all is as it should be, or a last write is torn. `pageBytes`: of the database, for a header that cannot be read.
 */
export function examineWal(wal: WalSource, pageBytes: number): ExaminedWal | null {
  const own = readWalHeader(wal.read(0, WAL_HEADER_BYTES));
  const header = own ?? guessHeader(wal, pageBytes);
  if (header === null) return null;
  const reader = createFrameReader(wal, header);
  const frames: ExaminedFrame[] = [];
  let before = header.checksum;
  let index = 0;
  for (; index < reader.count; index++) {
    const frame = reader.frame(index);
    const { page, pagesAfterCommit, salts, checksum } = readFrameHeader(frame);
    if (!sameWords(salts, header.salts) || !sameWords(frameChecksum(before, frame, header.littleEndian), checksum)) break;
    frames.push({ index, page, pagesAfterCommit, state: 'whole', flipped: null });
    before = checksum;
  }
  const last = Math.max(reader.lastOfGeneration(index), reader.isNext(index, before) ? index : -1);
  if (last < index && own !== null) return null;
  frames.push(...examineFrom(index, last, before, reader, header));
  while (frames.length > 0 && !endsCommit(frames.at(-1))) frames.pop();
  if (frames.length === 0 || (own !== null && frames.every(({ state }) => state === 'whole'))) return null;
  return { header, headerWasDamaged: own === null, frames };
}

function endsCommit(frame: ExaminedFrame | undefined): boolean {
  return frame !== undefined && frame.pagesAfterCommit > 0 && frame.state !== 'damaged';
}

/** Each frame is checked with what the one before has stored, or should have. */
function examineFrom(first: number, last: number, before: Checksum, reader: FrameReader, { salts, littleEndian }: WalHeader): ExaminedFrame[] {
  const frames: ExaminedFrame[] = [];
  let seeds: readonly Checksum[] = [before];
  for (let index = first; index <= last; index++) {
    const frame = reader.frame(index);
    const own = readFrameHeader(frame);
    const numbers = { index, page: own.page, pagesAfterCommit: own.pagesAfterCommit };
    const fits = seeds.findIndex((seed) => sameWords(frameChecksum(seed, frame, littleEndian), own.checksum));
    const previous = frames.at(-1);
    // It goes with what the frame before should have stored: that one holds what it should.
    if (fits === 1 && previous !== undefined) previous.state = 'mended';
    if (fits >= 0) {
      frames.push({ ...numbers, state: sameWords(own.salts, salts) ? 'whole' : 'mended', flipped: null });
      seeds = [own.checksum];
      continue;
    }
    const nearly = seeds.find((seed) => isOneBitOff(seed, frame, littleEndian));
    if (nearly !== undefined) {
      frames.push({ ...numbers, state: 'mended', flipped: null });
      seeds = [frameChecksum(nearly, frame, littleEndian)];
      continue;
    }
    const flipped = seeds.map((seed) => findFlippedBit(seed, frame, littleEndian)).find((each) => each !== null) ?? null;
    if (flipped === null) {
      frames.push({ ...numbers, state: 'damaged', flipped });
      seeds = [own.checksum, frameChecksum(seeds[0] ?? before, frame, littleEndian)];
      continue;
    }
    turnOver(frame, flipped);
    const { page, pagesAfterCommit } = readFrameHeader(frame);
    frames.push({ index, page, pagesAfterCommit, state: 'mended', flipped });
    seeds = [own.checksum];
  }
  return frames;
}

export function turnOver(frame: Uint8Array, { byte, bit }: { readonly byte: number; readonly bit: number }): void {
  frame[byte] = (frame[byte] ?? 0) ^ (1 << bit);
}

export interface FrameReader {
  readonly count: number;
  /** The caller's own. */
  frame(index: number): Uint8Array;
  /** The last one, from this one on, with the salts of the log; -1: there is none. */
  lastOfGeneration(from: number): number;
  /** Whether this one follows on a frame with that checksum, whatever its salts are. */
  isNext(index: number, before: Checksum): boolean;
}

export function createFrameReader(wal: WalSource, { pageBytes, salts, littleEndian }: Pick<WalHeader, 'pageBytes' | 'salts' | 'littleEndian'>): FrameReader {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const count = Math.max(0, Math.floor((wal.bytes - WAL_HEADER_BYTES) / frameBytes));
  const read = (index: number, length: number) => wal.read(WAL_HEADER_BYTES + index * frameBytes, length);
  return {
    count,
    frame: (index) => read(index, frameBytes),
    lastOfGeneration(from) {
      let last = -1;
      for (let index = from; index < count; index++) if (sameWords(readFrameHeader(read(index, FRAME_HEADER_BYTES)).salts, salts)) last = index;
      return last;
    },
    isNext(index, before) {
      if (index >= count) return false;
      const frame = read(index, frameBytes);
      return sameWords(frameChecksum(before, frame, littleEndian), readFrameHeader(frame).checksum);
    },
  };
}

/** What the frames say of a header that cannot be read; null: nothing. */
function guessHeader(wal: WalSource, pageBytes: number): WalHeader | null {
  const salts = commonSalts(wal, pageBytes);
  if (salts === null) return null;
  const bytes = wal.read(0, WAL_HEADER_BYTES);
  for (let byte = 0; byte < WAL_HEADER_BYTES; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      turnOver(bytes, { byte, bit });
      const header = readWalHeader(bytes);
      if (header !== null && header.pageBytes === pageBytes && sameWords(header.salts, salts)) return header;
      turnOver(bytes, { byte, bit });
    }
  }
  // Its checksum, with which that of the first frame begins, may be all that is left, or it is gone with that frame's.
  const checksum = { first: viewOf(bytes).getUint32(24), second: viewOf(bytes).getUint32(28) };
  for (const littleEndian of [true, false]) {
    const reader = createFrameReader(wal, { pageBytes, salts, littleEndian });
    const [first, second] = [0, 1].map((index) => (index < reader.count ? readFrameHeader(reader.frame(index)).checksum : checksum));
    if ([checksum, first, second].some((each, index) => each !== undefined && reader.isNext(index, each))) return { littleEndian, pageBytes, salts, checksum };
  }
  return null;
}

/** Those of the first frames. The first one alone may be damaged, or the only one of its generation: then its first number is one more. */
function commonSalts(wal: WalSource, pageBytes: number): Checksum | null {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const [first, second, third] = [0, 1, 2].map((index) =>
    WAL_HEADER_BYTES + (index + 1) * frameBytes <= wal.bytes
      ? readFrameHeader(wal.read(WAL_HEADER_BYTES + index * frameBytes, FRAME_HEADER_BYTES)).salts
      : undefined,
  );
  if (first === undefined) return null;
  const outvoted = second !== undefined && third !== undefined && sameWords(second, third) && !sameWords(first, second);
  return outvoted && first.first !== (second.first + 1) >>> 0 ? second : first;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
