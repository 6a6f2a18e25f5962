import type { Chance } from './chance.ts';

/** Bytes as no client should send them. */
export function mutated(bytes: Buffer, chance: Chance): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let count = 1 + chance.below(3); count > 0 && result.length > 0; count -= 1) result = chance.pick(MUTATIONS)(result, chance);
  return result;
}

const MUTATIONS: readonly ((bytes: Buffer, chance: Chance) => Buffer)[] = [
  function flipBit(bytes, chance) {
    const at = chance.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
    return bytes;
  },
  function replaceByte(bytes, chance) {
    bytes[chance.below(bytes.length)] = chance.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
    return bytes;
  },
  function cutOff(bytes, chance) {
    return bytes.subarray(0, chance.below(bytes.length));
  },
  /** A property, a filter, a packet that is there twice. */
  function repeatPiece(bytes, chance) {
    const from = chance.below(bytes.length);
    const to = from + 1 + chance.below(Math.min(20, bytes.length - from));
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to)]);
  },
  function insert(bytes, chance) {
    const at = chance.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), chance.bytes(1 + chance.below(8)), bytes.subarray(at)]);
  },
  function changeLength(bytes, chance) {
    if (bytes.length > 1) bytes[1] = chance.below(128);
    return bytes;
  },
  function announceMuch(bytes, chance) {
    const length = chance.pick([
      [0xff, 0xff, 0xff, 0x7f],
      [0xff, 0xff, 0xff, 0xff, 0x01],
      [0x80, 0x80, 0x80, 0x00],
      [0xff, 0x3f],
    ]);
    return Buffer.concat([bytes.subarray(0, 1), Buffer.from(length), bytes.subarray(2)]);
  },
  function changeKind(bytes, chance) {
    bytes[0] = chance.below(256);
    return bytes;
  },
  /** Broken UTF-8, a NUL, a wildcard in the middle. */
  function spoilText(bytes, chance) {
    if (bytes.length < 6) return bytes;
    bytes[4 + chance.below(bytes.length - 4)] = chance.pick([0, 0xc0, 0xed, 0xff, 0x23, 0x2b]);
    return bytes;
  },
];

/** The same bytes in pieces, as they may come off the wire. */
export function split(bytes: Buffer, chance: Chance): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + 1 + chance.below(chance.percent(50) ? 4 : bytes.length));
    pieces.push(bytes.subarray(from, to));
    from = to;
  }
  return pieces;
}
