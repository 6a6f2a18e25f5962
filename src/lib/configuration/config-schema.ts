import { z } from 'zod';
import type { JsonObject, JsonValue } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

const SCHEMA_BYTES_MAX = 65_536;
const PATTERN_CHARACTERS_MAX = 200;
/** Each more of them multiplies the time that a text takes that does not fit. */
const UNBOUNDED_MAX = 2;
const PROBLEMS_MAX = 5;

/** Checks documents against the JSON Schema of a type. Throws MusterError invalid with the first problems. */
export type CheckDocument = (document: JsonObject) => void;

/** A schema that documents can be checked against. Throws MusterError invalid for one that is not understood, or that takes too long. */
export function compileConfigSchema(schema: JsonObject): CheckDocument {
  if (Buffer.byteLength(JSON.stringify(schema)) > SCHEMA_BYTES_MAX) throw invalid(`the configuration schema has more than ${SCHEMA_BYTES_MAX} bytes`);
  checkPatterns(schema);
  let parsed: z.ZodType;
  try {
    parsed = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error: unknown) {
    throw new MusterError('invalid', `the configuration schema is not understood: ${messageOf(error)}`, { cause: error, details: { field: 'configSchema' } });
  }
  return (document) => {
    const read = parsed.safeParse(document);
    if (read.success) return;
    const problems = read.error.issues.map(({ path, message }) => `${path.length === 0 ? 'the document' : path.map(String).join('.')}: ${message}`);
    const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : '';
    throw new MusterError('invalid', `the document does not fit the schema of its type: ${problems.slice(0, PROBLEMS_MAX).join('; ')}${more}`, {
      details: { field: 'document', problems: problems.slice(0, 100) },
    });
  };
}

/** A pattern is run by the hub on text of others: one that may take for ever is refused. */
function checkPatterns(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const each of value as readonly JsonValue[]) checkPatterns(each);
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    if (key === 'pattern' && typeof each === 'string') checkPattern(each);
    else if (key === 'patternProperties' && typeof each === 'object' && each !== null) for (const pattern of Object.keys(each)) checkPattern(pattern);
    checkPatterns(each as JsonValue);
  }
}

function checkPattern(pattern: string): void {
  const shown = `the pattern ${pattern.slice(0, 60)}`;
  if (pattern.length > PATTERN_CHARACTERS_MAX) throw invalid(`${shown} has more than ${PATTERN_CHARACTERS_MAX} characters`);
  // Classes and escapes hold no operators.
  const plain = pattern
    .replace(/\\[1-9]/g, '\0')
    .replace(/\\./g, 'x')
    .replace(/\[[^\]]*\]/g, 'x');
  if (plain.includes('\0') || plain.includes('(?=') || plain.includes('(?!') || plain.includes('(?<'))
    throw invalid(`${shown} looks around or back, which may take for ever`);
  if (/\)[*+{]/.test(plain)) throw invalid(`${shown} repeats a group, which may take for ever`);
  if ((plain.match(/[*+]|\{\d+,\}/g) ?? []).length > UNBOUNDED_MAX)
    throw invalid(`${shown} has more than ${UNBOUNDED_MAX} repetitions without an end, which may take for ever`);
}

function invalid(message: string): MusterError {
  return new MusterError('invalid', message, { details: { field: 'configSchema' } });
}
