/** The first byte that is not white space is one of these characters. Asked for each message: no iterator, no text made. */
export function startsWithOneOf(payload: Uint8Array, characters: string): boolean {
  for (let index = 0; index < payload.length; index += 1) {
    const byte = payload[index] as number;
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    for (let each = 0; each < characters.length; each += 1) if (characters.charCodeAt(each) === byte) return true;
    return false;
  }
  return false;
}
