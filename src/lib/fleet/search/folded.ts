/** A text as it is looked for: small letters, without accents and the like. `Zürich` is `zurich`. */
export function folded(text: string): string {
  return isAscii(text) ? text.toLowerCase() : text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

export function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ASCII is
  return !/[^\x00-\x7f]/.test(text);
}

const WORDS_MAX = 16;

/** The words of what somebody looks for, the longest first: it decides most. */
export function wordsOf(text: string): readonly string[] {
  const words = new Set(
    folded(text)
      .split(/\s+/)
      .filter((word) => word !== ''),
  );
  return [...words].sort((one, other) => other.length - one.length).slice(0, WORDS_MAX);
}
