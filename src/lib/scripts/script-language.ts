import type { JsonValue } from '../domain/value.ts';

/** What one call of a script may take. */
export interface ScriptLimits {
  /** Of the whole engine, with all its programs. */
  readonly memoryBytesMax: number;
  /** Loop turns and calls, roughly: counted, not timed, so that a loaded machine gives the same result as an idle one. */
  readonly stepsMax: number;
  /** For what one step takes long in, such as a search in a long text. */
  readonly wallMsMax: number;
  /** JSON text that a call returns. */
  readonly resultLengthMax: number;
}

export interface ScriptMistake {
  readonly message: string;
  /** From 1; null: unknown. */
  readonly line: number | null;
}

/** What became of a call. `text`: JSON. */
export type ScriptAnswer = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly mistake: ScriptMistake };

/** One script, ready to be called. */
export interface ScriptUnit {
  /** `text`: JSON of `{input, state}`. Never throws. */
  call(text: string): ScriptAnswer;
  release(): void;
}

/** An interpreter in its own memory, in the thread that made it. Several programs live in it, and none of them sees another. */
export interface ScriptEngine {
  /** Reads without running anything. null: no mistake. */
  check(source: string): ScriptMistake | null;
  /** Runs nothing yet. Never throws. */
  compile(source: string): ScriptUnit | ScriptMistake;
  /** A program used up the memory, or left it in doubt: throw the engine away, and make another. */
  readonly broken: boolean;
  stop(): void;
}

/** A language for scripts. One folder each, with this as its definition.ts; one line in registry.ts. */
export interface ScriptLanguage {
  readonly name: string;
  readonly summary: string;
  /** A small complete script for the reference. */
  readonly example: string;
  load(): Promise<ScriptEngineMaker>;
}

/** Loaded once for each thread. */
export interface ScriptEngineMaker {
  make(limits: ScriptLimits): Promise<ScriptEngine>;
}

/** What the scripts of rules get. */
export const SCRIPT_LIMITS: ScriptLimits = { memoryBytesMax: 32 * 1024 * 1024, stepsMax: 500_000, wallMsMax: 500, resultLengthMax: 65_536 };

export const SOURCE_LENGTH_MAX = 65_536;

/** What a script is given: `input`, and what its last call returned as its state. */
export interface ScriptInput {
  readonly input: JsonValue;
  readonly state: JsonValue;
}

export function isMistake(made: ScriptUnit | ScriptMistake): made is ScriptMistake {
  return 'message' in made;
}
