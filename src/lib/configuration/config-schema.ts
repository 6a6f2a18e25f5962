import { createContext, Script } from 'node:vm';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

const SCHEMA_BYTES_MAX = 65_536;
const PATTERN_CHARACTERS_MAX = 200;
/** Each more of them multiplies the time that a text takes that does not fit. */
const UNBOUNDED_MAX = 2;
/** So do those with an end: `a?` has two ways, `[0-9]{1,3}` three. */
const WAYS_MAX = 10_000;
/** Of the whole check of one document, or of reading a schema. Others wait for it, and one that is meant well takes a hundredth of that. */
const CHECK_MS_MAX = 150;
/** The time is that of the wall: a machine that is busy with something else may have taken it. */
const TRIES_MAX = 2;
const PROBLEMS_MAX = 5;

/** Checks documents against the JSON Schema of a type. Throws MusterError invalid with the first problems. */
export type CheckDocument = (document: JsonObject) => void;

/** A schema that documents can be checked against. Throws MusterError invalid for one that is not understood, or that takes too long. */
export function compileConfigSchema(schema: JsonObject): CheckDocument {
  if (Buffer.byteLength(JSON.stringify(schema)) > SCHEMA_BYTES_MAX) throw invalid(`the configuration schema has more than ${SCHEMA_BYTES_MAX} bytes`);
  checkPatterns(schema);
  let parsed: z.ZodType;
  try {
    parsed = inTime(() => z.fromJSONSchema(ofObjects(schema)));
  } catch (error: unknown) {
    throw new MusterError('invalid', `the configuration schema is not understood: ${messageOf(error)}`, { cause: error, details: { field: 'configSchema' } });
  }
  return (document) => {
    const read = checked(parsed, document);
    if (read.success) return;
    const problems = read.error.issues.map(({ path, message }) => `${path.length === 0 ? 'the document' : path.map(String).join('.')}: ${message}`);
    const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : '';
    throw new MusterError('invalid', `the document does not fit the schema of its type: ${problems.slice(0, PROBLEMS_MAX).join('; ')}${more}`, {
      details: { field: 'document', problems: problems.slice(0, 100) },
    });
  };
}

/** Documents are objects, and what is said of properties holds for them, whether the schema says so or not: without a type nothing of it would be looked at. */
function ofObjects(schema: JsonObject): Parameters<typeof z.fromJSONSchema>[0] {
  const isBare = schema.type === undefined && (schema.properties !== undefined || schema.required !== undefined || schema.additionalProperties !== undefined);
  return (isBare ? { ...schema, type: 'object' } : schema) as Parameters<typeof z.fromJSONSchema>[0];
}

/** Throws MusterError invalid for a document that cannot be checked. */
function checked(schema: z.ZodType, document: JsonObject): z.ZodSafeParseResult<unknown> {
  try {
    return inTime(() => schema.safeParse(document));
  } catch (error: unknown) {
    throw new MusterError('invalid', `the document cannot be checked against the schema of its type: ${messageOf(error)}`, {
      cause: error,
      hint: 'Simplify the schema: patterns that repeat, references to itself, alternatives inside of alternatives.',
      details: { field: 'document' },
    });
  }
}

const CALL = new Script('work()');

/** Patterns and alternatives may multiply, whatever was looked at before: the engine itself ends what takes too long. Throws what `work` throws. */
function inTime<Result>(work: () => Result): Result {
  for (let tries = 1; ; tries += 1) {
    try {
      return CALL.runInContext(createContext({ work }), { timeout: CHECK_MS_MAX }) as Result;
    } catch (error: unknown) {
      if ((error as { readonly code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      if (tries === TRIES_MAX) throw new Error(`it takes more than ${CHECK_MS_MAX} ms`, { cause: error });
    }
  }
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
  if (waysOf(plain) > WAYS_MAX) throw invalid(`${shown} has too many repetitions, which may take for ever`);
}

/** In how many ways its bounded repetitions may be taken together. */
function waysOf(plain: string): number {
  let ways = 1;
  // A question mark behind a repetition makes it lazy; behind a bracket, it names the kind of the group.
  for (const [, least, most] of plain.matchAll(/\{(\d+),(\d+)\}\??|(?<![*+?}(])\?/g))
    ways *= most === undefined ? 2 : Math.max(1, Number(most) - Number(least) + 1);
  return ways;
}

function invalid(message: string): MusterError {
  return new MusterError('invalid', message, { details: { field: 'configSchema' } });
}
