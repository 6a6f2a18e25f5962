/** Objects and lists inside of each other. Whoever walks a value calls itself once for each, and so do SQLite and the parsers of devices. */
export const JSON_DEPTH_MAX = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a client sent, as a value. Throws SyntaxError for what is no JSON in UTF-8, and for what is nested deeper than JSON_DEPTH_MAX: before it is parsed. */
export function parseJsonText(payload: Uint8Array): unknown {
  if (isNestedTooDeep(payload)) throw new SyntaxError(TOO_DEEP);
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
}

export const TOO_DEEP = `it has more than ${JSON_DEPTH_MAX} levels of objects and lists`;

/** Of JSON in UTF-8. Of anything else the answer means nothing. */
export function isNestedTooDeep(text: Uint8Array): boolean {
  if (text.length <= JSON_DEPTH_MAX) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number;
    if (byte === QUOTE) {
      for (at++; at < text.length && text[at] !== QUOTE; at++) if (text[at] === BACKSLASH) at++;
      continue;
    }
    // Both brackets, and both braces, differ in this one bit alone.
    const bracket = byte & 0xdf;
    if (bracket === 0x5b) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (bracket === 0x5d) depth--;
  }
  return false;
}
