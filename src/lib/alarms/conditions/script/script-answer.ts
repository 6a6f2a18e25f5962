import type { Level } from '../../../domain/severity.ts';
import type { JsonValue } from '../../../domain/value.ts';
import { KEEP } from '../condition.ts';

/** Of what a script keeps: it is stored for each subject. */
const STATE_LENGTH_MAX = 16_384;
const TEXT_LENGTH_MAX = 300;

export interface Answer {
  readonly finding: number;
  readonly text: string;
  readonly state: JsonValue;
}

/** null: normal, and no state. `{level, text, state}`: without a level what was found stands; a level of null is normal. Throws Error with what is wrong. */
export function readAnswer(given: JsonValue, levels: readonly Level[]): Answer {
  if (given === null) return { finding: 0, text: '', state: null };
  if (typeof given !== 'object' || Array.isArray(given))
    throw new Error(`evaluate returned ${JSON.stringify(given).slice(0, 40)}: it returns null or { level, text, state }`);
  const { level, text, state } = given as { readonly [name: string]: JsonValue | undefined };
  if (state !== undefined && JSON.stringify(state).length > STATE_LENGTH_MAX) throw new Error(`the state has more than ${STATE_LENGTH_MAX} characters`);
  return { finding: findingOf(level, levels), text: typeof text === 'string' ? text.slice(0, TEXT_LENGTH_MAX) : '', state: state ?? null };
}

function findingOf(level: JsonValue | undefined, levels: readonly Level[]): number {
  if (level === undefined) return KEEP;
  if (level === null) return 0;
  const index = levels.findIndex(({ name }) => name === level);
  if (index < 0)
    throw new Error(`evaluate returned the level ${JSON.stringify(level).slice(0, 40)}: the rule has ${levels.map(({ name }) => name).join(', ')}`);
  return index + 1;
}
