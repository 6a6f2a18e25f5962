/** Gives for each text the first that was equal to it: what a million things have in common is in memory once. Beyond `distinctMax`, texts are given back as they are. */
export function createInterner(distinctMax: number): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size < distinctMax) known.set(text, text);
    return text;
  };
}
