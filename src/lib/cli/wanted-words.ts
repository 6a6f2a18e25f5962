import type { ValueType } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';

/** `target 60`, or `target=60 mode=eco`: texts by the paths of points. Throws usage. */
export function readWanted(words: readonly string[]): ReadonlyMap<string, string> {
  const [first = '', second, ...rest] = words;
  if (second !== undefined && rest.length === 0 && !first.includes('=')) return new Map([[first, second]]);
  const wanted = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1)
      throw new MusterError('usage', `\`${word.slice(0, 100)}\` is not POINT=VALUE.`, { hint: 'Give one POINT VALUE, or POINT=VALUE as often as you want.' });
    const point = word.slice(0, at);
    if (wanted.has(point)) throw new MusterError('usage', `${point.slice(0, 100)} is given twice.`);
    wanted.set(point, word.slice(at + 1));
  }
  return wanted;
}

/** The text as a value of that type. Throws usage. */
export function readWantedValue(point: string, text: string, type: ValueType): unknown {
  const wrong = (what: string) => new MusterError('usage', `${point} holds a ${type}, and \`${text.slice(0, 100)}\` is ${what}.`, { details: { point } });
  if (type === 'string') return text;
  if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw wrong('neither true nor false');
    return text === 'true';
  }
  if (type === 'number') {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(number)) throw wrong('no number');
    return number;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw wrong('no JSON');
  }
}

/** Arguments of a call: one JSON text, or NAME=VALUE words, where a value that is no JSON is text. null: none. Throws usage. */
export function readArguments(words: readonly string[]): unknown {
  const [first, ...rest] = words;
  if (first === undefined) return null;
  if (rest.length === 0 && !/^[A-Za-z0-9_.:-]+=/.test(first)) return jsonOf(first);
  const args: Record<string, unknown> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1)
      throw new MusterError('usage', `\`${word.slice(0, 100)}\` is not NAME=VALUE.`, { hint: 'Give one JSON text, or NAME=VALUE as often as you want.' });
    Object.defineProperty(args, word.slice(0, at), { value: readFreely(word.slice(at + 1)), enumerable: true, configurable: true, writable: true });
  }
  return args;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MusterError('usage', `\`${text.slice(0, 100)}\` is no JSON.`, { hint: 'Quote it for the shell, or write the arguments as NAME=VALUE.' });
  }
}

/** For devices of any type: JSON, and text where it is none. */
export function readFreely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
