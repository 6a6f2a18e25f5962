/** At most so many UTF-16 units, no character in half; what is no Unicode becomes U+FFFD: strict readers of JSON refuse a lone half of a pair. */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return wellFormed(text);
  const last = text.charCodeAt(lengthMax - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return wellFormed(text.slice(0, isHalf ? lengthMax - 1 : lengthMax));
}

const LONE = /\p{Surrogate}/gu;

/** Unicode: JSON.stringify writes the lone half of a pair as an escape that strict readers refuse. */
export function wellFormed(text: string): string {
  return text.replaceAll(LONE, '\ufffd');
}
