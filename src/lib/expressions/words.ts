/** A source in the words of people, as the parser takes it. */
export interface Reworded {
  readonly text: string;
  /** Names that cannot be written in the language, by the names that stand for them in `text`. */
  readonly names: ReadonlyMap<string, string>;
  /** Where in the source a place of `text` comes from. */
  originOf(position: number): number;
}

const LEVEL = String.raw`[\p{L}_$][\p{L}\p{N}_$:-]*`;
const FURTHER = String.raw`[\p{L}\p{N}_$:.-]+`;
/** Texts, comments, quoted names, paths, words, signs of two characters, and everything else one by one. A path has no spaces around its slashes. */
const TOKEN = new RegExp(
  String.raw`(?<text>[rRbB]{0,2}(?:"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(?<comment>//[^\n]*)|(?<quoted>` +
    '`[^`\\n]+`' +
    String.raw`)|(?<path>${LEVEL}(?:/${FURTHER})+)|(?<word>[\p{L}_$][\p{L}\p{N}_$]*)|(?<number>\d[\d.]*(?:[eE][+-]?\d+)?)|(?<sign>&&|\|\||[^])`,
  'gu',
);

/**
 * Words for signs: `a and not b or c` is `a && !(b) || c`. `not` binds less than a comparison: `not a == b` is `!(a == b)`. A path such as `boiler/temperature`,
 * without spaces, is one name, and so is whatever stands in backquotes; a division has spaces on both sides.
 */
export function reword(source: string): Reworded {
  const parts: string[] = [];
  /** For each part, where it begins in the text, and in the source. */
  const starts: { readonly at: number; readonly origin: number }[] = [];
  const names = new Map<string, string>();
  const ids = new Map<string, string>();
  /** For each bracket that is open: how many `not` in it wait for their end. */
  const open: number[] = [0];
  let length = 0;
  let afterDot = false;
  for (const { 0: token, index, groups = {} } of source.matchAll(TOKEN)) {
    if (groups.word !== undefined && !afterDot && token === 'and') push(`${closed()}&&`, index);
    else if (groups.word !== undefined && !afterDot && token === 'or') push(`${closed()}||`, index);
    else if (groups.word !== undefined && !afterDot && token === 'not') {
      push('!(', index);
      open[open.length - 1] = (open.at(-1) ?? 0) + 1;
    } else if (groups.path !== undefined && !afterDot) push(standIn(token), index);
    else if (groups.quoted !== undefined) push(standIn(token.slice(1, -1)), index);
    else if (groups.sign !== undefined) sign(token, index);
    else push(token, index);
    if (token.trim() !== '') afterDot = token === '.';
  }
  push(closed(), source.length);
  return {
    text: parts.join(''),
    names,
    originOf(position) {
      const before = starts.findLast(({ at }) => at <= position);
      return before === undefined ? 0 : Math.min(before.origin + (position - before.at), source.length);
    },
  };

  function push(text: string, origin: number): void {
    if (text === '') return;
    starts.push({ at: length, origin });
    parts.push(text);
    length += text.length;
  }

  function sign(token: string, origin: number): void {
    if (token === '(' || token === '[' || token === '{') {
      open.push(0);
      push(token, origin);
    } else if (token === ')' || token === ']' || token === '}') {
      push(`${closed()}${token}`, origin);
      if (open.length > 1) open.pop();
    } else if (token === '&&' || token === '||' || token === '?' || token === ':' || token === ',') push(`${closed()}${token}`, origin);
    else push(token, origin);
  }

  function closed(): string {
    const count = open.at(-1) ?? 0;
    open[open.length - 1] = 0;
    return ')'.repeat(count);
  }

  function standIn(name: string): string {
    let id = ids.get(name);
    if (id === undefined) {
      id = `name${ids.size}$`.replace('$', '_');
      while (source.includes(id)) id = `${id}_`;
      ids.set(name, id);
      names.set(id, name);
    }
    return id;
  }
}
