import { messageOf } from '../errors/muster-error.ts';
import { scriptLanguage } from './registry.ts';
import {
  isMistake,
  type ScriptAnswer,
  type ScriptEngine,
  type ScriptEngineMaker,
  type ScriptLimits,
  type ScriptMistake,
  type ScriptUnit,
} from './script-language.ts';

interface Program {
  readonly language: string;
  readonly source: string;
  /** In which engine it is compiled; null: in none yet. */
  compiled: { readonly engine: ScriptEngine; readonly unit: ScriptUnit } | null;
}

/** The programs of one thread, and an engine for each language: made when it is needed, and anew when it is broken. One thing at a time. */
export class ScriptHost {
  readonly #limits: ScriptLimits;
  readonly #programs = new Map<number, Program>();
  readonly #makers = new Map<string, ScriptEngineMaker>();
  readonly #engines = new Map<string, ScriptEngine>();

  constructor(limits: ScriptLimits) {
    this.#limits = limits;
  }

  add(program: number, language: string, source: string): void {
    this.#programs.set(program, { language, source, compiled: null });
  }

  release(number: number): void {
    const program = this.#programs.get(number);
    this.#programs.delete(number);
    if (program?.compiled?.engine.broken === false) program.compiled.unit.release();
  }

  async check(language: string, source: string): Promise<ScriptMistake | null> {
    return (await this.#engine(language)).check(source);
  }

  async call(number: number, text: string): Promise<ScriptAnswer> {
    const program = this.#programs.get(number);
    if (program === undefined) return failed('it is not there any more');
    try {
      const engine = await this.#engine(program.language);
      if (program.compiled?.engine !== engine) {
        const made = engine.compile(program.source);
        if (isMistake(made)) return { ok: false, mistake: made };
        program.compiled = { engine, unit: made };
      }
      return program.compiled.unit.call(text);
    } catch (error: unknown) {
      return failed(messageOf(error));
    }
  }

  async #engine(name: string): Promise<ScriptEngine> {
    const engine = this.#engines.get(name);
    if (engine !== undefined && !engine.broken) return engine;
    const maker = this.#makers.get(name) ?? (await scriptLanguage(name)?.load());
    if (maker === undefined) throw new Error(`there is no script language ${name}`);
    this.#makers.set(name, maker);
    const made = await maker.make(this.#limits);
    this.#engines.set(name, made);
    return made;
  }
}

function failed(message: string): ScriptAnswer {
  return { ok: false, mistake: { message, line: null } };
}
