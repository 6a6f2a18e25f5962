import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type ScriptAnswer, type ScriptMistake, SOURCE_LENGTH_MAX } from './script-language.ts';

export function scriptFailure({ message, line }: ScriptMistake): MusterError {
  return new MusterError('invalid', `The script fails: ${message}${line === null ? '' : ` (line ${line})`}`, { details: { line } });
}

export function resultOf(answer: ScriptAnswer): JsonValue {
  if (answer.ok) return JSON.parse(answer.text) as JsonValue;
  throw scriptFailure(answer.mistake);
}

export function checkLength(source: string): void {
  if (source.length > SOURCE_LENGTH_MAX) throw scriptFailure({ message: `it has more than ${SOURCE_LENGTH_MAX} characters`, line: null });
}
