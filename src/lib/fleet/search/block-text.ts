import type { Device } from '../../domain/device.ts';
import type { ColumnKind } from './block-table.ts';
import { folded } from './folded.ts';
import { createGrams, gramsOf, hasGrams } from './grams.ts';

/** The texts of a block of devices, one behind the other: a word is looked for in all of them by one call of the platform. */
export interface BlockText {
  /** Leaves 1 in `mask` for devices that have all the words, and 0 for the others. */
  narrow(words: readonly SearchedWord[], mask: Uint8Array): void;
  /** To be written over when the block has changed. */
  readonly room: Buffer;
}

export interface SearchedWord {
  readonly bytes: Buffer;
  /** grams.ts */
  readonly grams: readonly number[];
}

/** Of a word that is folded. */
export function searchedWord(word: string): SearchedWord {
  const bytes = Buffer.from(word);
  return { bytes, grams: gramsOf(bytes) };
}

/** A text of less is looked through as fast as its grams are asked. */
const GRAMS_FROM_BYTES = 16_384;
const ROOM_BYTES = 262_144;
const ROOM_STEP_BYTES = 4_096;
const TAB = 9;
const LINE_END = 10;

/**
 * What is looked in: id, name, aliases as `imei:490154203237518`, labels as `site=paris`, type, and the groups that it was put into. About 150 bytes a device, and 16 KB
 * a block beside them.
 */
export function blockTexts(): ColumnKind<BlockText> {
  const writer = createTextWriter();
  return {
    key: 'words',
    build(entries, before) {
      const starts = new Uint32Array(entries.length + 1);
      writer.begin();
      for (const [place, { device }] of entries.entries()) {
        starts[place] = writer.length;
        writeDevice(writer, device);
        writer.byte(LINE_END);
      }
      starts[entries.length] = writer.length;
      return createBlockText(writer.taken(before?.room), starts);
    },
  };
}

function writeDevice(writer: TextWriter, { id, name, aliases, labels, type, groups }: Device): void {
  writer.text(id);
  if (name !== id) writeAnother(writer, name);
  for (const kind in aliases) {
    writeAnother(writer, kind);
    writer.text(':');
    writer.text(aliases[kind as keyof Device['aliases']] ?? '');
  }
  for (const label in labels) {
    writeAnother(writer, label);
    writer.text('=');
    writer.text(labels[label] ?? '');
  }
  if (type !== null) writeAnother(writer, type);
  // The path of a group has those above it in it.
  for (const group of groups) writeAnother(writer, group);
}

function writeAnother(writer: TextWriter, text: string): void {
  writer.byte(TAB);
  writer.text(text);
}

function createBlockText(room: Buffer, starts: Uint32Array): BlockText {
  const buffer = room.subarray(0, starts.at(-1));
  const grams = buffer.length < GRAMS_FROM_BYTES ? null : createGrams(buffer);
  const count = starts.length - 1;
  return {
    room,
    narrow(words, mask) {
      const [first, ...others] = words;
      if (first === undefined) return;
      if (grams !== null && !words.every((word) => hasGrams(grams, word.grams))) {
        mask.fill(0);
        return;
      }
      let place = mask.indexOf(1);
      while (place >= 0) {
        const hit: number = buffer.indexOf(first.bytes, starts[place]);
        const owner = hit < 0 ? count : ownerOf(hit, place);
        mask.fill(0, place, owner);
        if (owner === count) return;
        if (mask[owner] === 1 && others.length > 0) {
          const own = buffer.subarray(starts[owner], starts[owner + 1]);
          if (!others.every(({ bytes }) => own.includes(bytes))) mask[owner] = 0;
        }
        place = mask.indexOf(1, owner + 1);
      }
    },
  };

  function ownerOf(position: number, from: number): number {
    let low = from;
    let high = count;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}

interface TextWriter {
  begin(): void;
  byte(byte: number): void;
  /** Folded, as UTF-8. */
  text(text: string): void;
  readonly length: number;
  /** A copy of what was written, at the beginning of `room` if there is enough. */
  taken(room?: Buffer): Buffer;
}

/** Byte by byte into room that is used again: putting texts together and folding them as a whole took several times as long, and left as much garbage behind. */
function createTextWriter(): TextWriter {
  let room = Buffer.allocUnsafeSlow(ROOM_BYTES);
  let at = 0;
  return {
    begin() {
      at = 0;
      // Once there was a block of long texts: not for ever.
      if (room.length > 4 * ROOM_BYTES) room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    },
    byte(byte) {
      if (at === room.length) grow(1);
      room[at] = byte;
      at += 1;
    },
    text(text) {
      if (room.length - at < text.length) grow(text.length);
      const end = writeAscii(room, at, text);
      if (end >= 0) {
        at = end;
        return;
      }
      const bytes = Buffer.from(folded(text));
      if (room.length - at < bytes.length) grow(bytes.length);
      room.set(bytes, at);
      at += bytes.length;
    },
    get length() {
      return at;
    },
    taken(given) {
      const copy = given !== undefined && given.length >= at && given.length < 2 * at + ROOM_STEP_BYTES ? given : roomOf(at);
      room.copy(copy, 0, 0, at);
      return copy;
    },
  };

  function grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * room.length, at + bytes));
    room.copy(larger, 0, 0, at);
    room = larger;
  }
}

/**
 * Room that V8 does not count: for each 64 MB of other buffers it collects all garbage, which stops a hub with a million devices for a second, two or three times while
 * their texts are made. As it will not hurry to give such room back either, it is used again.
 */
function roomOf(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(Math.ceil(bytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES));
}

/** In small letters; gives where it ends, or -1 when some of it is no ASCII. There is room. */
function writeAscii(room: Buffer, from: number, text: string): number {
  const { length } = text;
  for (let place = 0; place < length; place++) {
    const code = text.charCodeAt(place);
    if (code > 127) return -1;
    room[from + place] = code >= 65 && code <= 90 ? code | 32 : code;
  }
  return from + length;
}
