/** The first byte that is not white space is one of these. */
export function startsWithOneOf(payload: Uint8Array, characters: string): boolean {
  for (const byte of payload) {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    return characters.includes(String.fromCharCode(byte));
  }
  return false;
}
