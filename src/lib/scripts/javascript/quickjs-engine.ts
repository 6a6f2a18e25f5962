import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import { messageOf } from '../../errors/muster-error.ts';
import type { ScriptAnswer, ScriptEngine, ScriptEngineMaker, ScriptLimits, ScriptMistake, ScriptUnit } from '../script-language.ts';
import { REALM } from './realm.ts';

const PAGE_BYTES = 65_536;
const PAGES_AT_START = 256;
/** A larger one lets a deep recursion overflow the stack of the host before that of the interpreter. */
const STACK_BYTES_MAX = 128 * 1024;
/** The interpreter asks whether to go on after so many steps. */
const STEPS_PER_QUESTION = 10_000;
const FILE = 'script.js';

/** The part of WebAssembly that is used: its types stand in those of browsers. */
interface Wasm {
  compile(bytes: Uint8Array): Promise<WebAssembly.Module>;
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => object;
}

/** The code is compiled once for each thread; each engine then takes some ms. */
export async function loadQuickJs(): Promise<ScriptEngineMaker> {
  const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;
  const code = await wasm.compile(await readFile(createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')));
  return {
    make: async (limits) => {
      // The limit of the runtime alone does not hold: blocks that are too large for it have grown the memory already.
      const maximum = Math.ceil(limits.memoryBytesMax / PAGE_BYTES) + PAGES_AT_START;
      const wasmMemory = new wasm.Memory({ initial: PAGES_AT_START, maximum });
      const module = await newQuickJSWASMModuleFromVariant(newVariant(variant as unknown as QuickJSSyncVariant, { wasmModule: code, wasmMemory }));
      return new QuickJsEngine(module.newRuntime(), limits);
    },
  };
}

class QuickJsEngine implements ScriptEngine {
  broken = false;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #limits: ScriptLimits;
  readonly #prepare: QuickJSHandle;
  /** No limit for the realm, which is ours. */
  #questionsLeft = Number.POSITIVE_INFINITY;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(runtime: QuickJSRuntime, limits: ScriptLimits) {
    this.#runtime = runtime;
    this.#limits = limits;
    runtime.setMaxStackSize(STACK_BYTES_MAX);
    runtime.setMemoryLimit(limits.memoryBytesMax);
    runtime.setInterruptHandler(() => {
      this.#questionsLeft -= 1;
      return this.#questionsLeft < 0 || performance.now() > this.#deadline;
    });
    this.#context = runtime.newContext();
    this.#prepare = this.#context.unwrapResult(this.#context.evalCode(REALM, 'realm.js', { type: 'global', strict: true }));
  }

  check(source: string): ScriptMistake | null {
    const context = this.#context;
    return this.#guard(
      () => {
        const read = context.evalCode(source, FILE, { type: 'global', strict: true, compileOnly: true });
        if (read.error !== undefined) return this.#mistakeOf(read.error);
        read.value.dispose();
        return /\bevaluate\b/.test(source) ? null : { message: 'there is no function evaluate(input, state)', line: null };
      },
      (mistake) => mistake,
    );
  }

  compile(source: string): ScriptUnit | ScriptMistake {
    const context = this.#context;
    // Read alone first: then nothing in it can end the function that is put around it.
    const mistake = this.check(source);
    if (mistake !== null) return mistake;
    return this.#guard<ScriptUnit | ScriptMistake>(
      () => {
        const factory = context.evalCode(`(function () { "use strict"; ${source}\n;return typeof evaluate === 'function' ? evaluate : undefined; })`, FILE, {
          type: 'global',
          strict: true,
        });
        if (factory.error !== undefined) return this.#mistakeOf(factory.error);
        const lengthMax = context.newNumber(this.#limits.resultLengthMax);
        const program = context.callFunction(this.#prepare, context.undefined, factory.value, lengthMax);
        factory.value.dispose();
        lengthMax.dispose();
        if (program.error !== undefined) return this.#mistakeOf(program.error);
        const { value } = program;
        return { call: (text) => this.#call(value, text), release: () => this.#release(value) };
      },
      (made) => made,
    );
  }

  stop(): void {
    if (this.broken) return;
    this.broken = true;
    try {
      this.#prepare.dispose();
      this.#context.dispose();
      this.#runtime.dispose();
    } catch {
      // Handles that a program still holds: the memory goes with the module, which nobody holds any more.
    }
  }

  #call(program: QuickJSHandle, text: string): ScriptAnswer {
    const context = this.#context;
    return this.#guard<ScriptAnswer>(
      () => {
        const input = context.newString(text);
        const result = context.callFunction(program, context.undefined, input);
        input.dispose();
        if (result.error !== undefined) {
          const mistake = this.#mistakeOf(result.error);
          this.#dropIfJobsWait();
          return { ok: false, mistake };
        }
        const answer = context.getString(result.value);
        result.value.dispose();
        if (!this.#dropIfJobsWait()) return { ok: true, text: answer };
        return { ok: false, mistake: { message: 'it starts something asynchronous: nothing is awaited here', line: null } };
      },
      (mistake) => ({ ok: false, mistake }),
    );
  }

  /** They would pile up: nothing runs after the call. */
  #dropIfJobsWait(): boolean {
    if (this.broken || !this.#runtime.hasPendingJob()) return false;
    this.broken = true;
    return true;
  }

  #release(program: QuickJSHandle): void {
    if (!this.broken && program.alive) program.dispose();
  }

  #refill(): void {
    this.#questionsLeft = Math.ceil(this.#limits.stepsMax / STEPS_PER_QUESTION);
    this.#deadline = performance.now() + this.#limits.wallMsMax;
  }

  /** What the host throws comes from an interpreter whose memory is in doubt. */
  #guard<Result>(run: () => Result, failed: (mistake: ScriptMistake) => Result): Result {
    if (this.broken) return failed({ message: 'the interpreter was thrown away', line: null });
    this.#refill();
    try {
      return run();
    } catch (error: unknown) {
      this.broken = true;
      return failed({ message: `it exceeds its memory or its stack (${messageOf(error).slice(0, 80)})`, line: null });
    }
  }

  #mistakeOf(error: QuickJSHandle): ScriptMistake {
    // What it throws may run code again, to make a text of it.
    this.#refill();
    const dumped: unknown = this.#context.dump(error);
    error.dispose();
    const { name, message, stack } = asError(dumped);
    const line = typeof stack === 'string' ? /script\.js:(\d+)/.exec(stack)?.[1] : undefined;
    const place = line === undefined ? null : Number(line);
    if (name === 'InternalError' || message === undefined || message === null || message === '') {
      if (message === 'interrupted') return { message: 'it takes too long: too many steps', line: place };
      if (message === 'stack overflow') return { message: 'it calls itself too deeply', line: place };
      if (message === 'out of memory' || name !== 'InternalError') {
        this.broken = true;
        return { message: 'it takes too much memory', line: place };
      }
    }
    return { message: `${typeof name === 'string' && name !== '' ? `${name}: ` : ''}${String(message).slice(0, 300)}`, line: place };
  }
}

/** Scripts throw whatever they like. */
function asError(thrown: unknown): { readonly name?: unknown; readonly message?: unknown; readonly stack?: unknown } {
  if (typeof thrown !== 'object' || thrown === null) return { name: '', message: String(thrown) };
  return 'message' in thrown && typeof thrown.message !== 'string' ? { name: '', message: 'it throws something that is no Error' } : thrown;
}
