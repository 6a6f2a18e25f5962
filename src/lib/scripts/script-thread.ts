import type { ScriptProgram, ScriptRunner } from '../alarms/conditions/condition.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import { SCRIPT_LANGUAGES, scriptLanguage } from './registry.ts';
import { openScriptChannel, type ScriptChannel } from './script-channel.ts';
import { checkLength, resultOf, scriptFailure } from './script-failure.ts';
import { SCRIPT_LIMITS, type ScriptAnswer, type ScriptEngine, type ScriptEngineMaker, type ScriptLimits } from './script-language.ts';
import type { FromScripts } from './script-messages.ts';

export interface ScriptThreadCounts {
  readonly programs: number;
  /** Calls that wait or run. */
  readonly waiting: number;
  readonly calls: number;
  readonly failed: number;
  /** Calls that found the queue full. */
  readonly refused: number;
  /** Threads that had to be ended. */
  readonly ended: number;
}

export interface ScriptThread extends ScriptRunner {
  /** Loads what reads scripts. Before it a mistake in one is found when it is called, not when it is compiled. Idempotent; may be tried again. */
  prepare(): Promise<void>;
  counts(): ScriptThreadCounts;
  /** What waits is refused. Idempotent. */
  stop(): Promise<void>;
}

interface Call {
  readonly id: number;
  readonly program: number;
  readonly text: string;
  readonly settle: (answer: ScriptAnswer) => void;
  readonly refuse: (error: MusterError) => void;
}

/** Calls that wait: each holds its values. */
const WAITING_MAX = 1000;
/** And the length of their JSON. */
const WAITING_LENGTH_MAX = 32 * 1024 * 1024;
/** Sent ahead, so that the thread does not idle between two calls. */
const AHEAD_MAX = 16;
const START_MS_MAX = 15_000;
/** A script that had to be ended is not called for so long: others wait for the same thread. */
const PAUSE_MS = 60_000;

/**
 * Scripts for a hub: they run in a thread of their own, and calls answer with promises, in order. Nothing waits for a script: a thread that does not answer is ended,
 * its call fails, and a new one goes on with the next.
 */
export function createScriptThread(limits: ScriptLimits = SCRIPT_LIMITS): ScriptThread {
  // Only to read: a rule with a mistake is refused at once, and reading runs nothing. An interpreter takes memory that most hubs never need.
  const readers = new Map<string, { readonly maker: ScriptEngineMaker; engine: ScriptEngine }>();
  let preparing: Promise<void> | null = null;
  async function loadReaders(): Promise<void> {
    for (const language of SCRIPT_LANGUAGES) {
      const maker = await language.load();
      readers.set(language.name, { maker, engine: await maker.make(limits) });
    }
  }
  const prepare = (): Promise<void> => {
    preparing ??= loadReaders().catch((error: unknown) => {
      preparing = null;
      throw error;
    });
    return preparing;
  };
  return new QueuedScripts(limits, prepare, (language, source) => {
    if (scriptLanguage(language) === undefined)
      throw new MusterError('invalid', `There is no script language ${language}; there is ${SCRIPT_LANGUAGES.map(({ name }) => name).join(', ')}.`);
    const reader = readers.get(language);
    if (reader === undefined) return;
    const mistake = reader.engine.check(source);
    if (reader.engine.broken) {
      reader.maker.make(limits).then(
        (engine) => {
          reader.engine = engine;
        },
        () => undefined,
      );
    }
    if (mistake !== null) throw scriptFailure(mistake);
  });
}

class QueuedScripts implements ScriptThread {
  readonly #limits: ScriptLimits;
  readonly prepare: () => Promise<void>;
  readonly #check: (language: string, source: string) => void;
  readonly #programs = new Map<number, { readonly language: string; readonly source: string; pausedUntil: number }>();
  /** Rules come and go, and nobody has to say so. */
  readonly #dropped = new FinalizationRegistry<number>((program) => this.#release(program));
  /** Oldest first; the first `#sent` are with the thread. */
  readonly #queue: Call[] = [];
  #sent = 0;
  #waitingLength = 0;
  #channel: ScriptChannel | null = null;
  #watch: NodeJS.Timeout | null = null;
  #isStarted = false;
  #isStopped = false;
  #lastId = 0;
  #lastProgram = 0;
  #calls = 0;
  #failed = 0;
  #refused = 0;
  #ended = 0;

  constructor(limits: ScriptLimits, prepare: () => Promise<void>, check: (language: string, source: string) => void) {
    this.#limits = limits;
    this.prepare = prepare;
    this.#check = check;
  }

  compile(language: string, source: string): ScriptProgram {
    checkLength(source);
    this.#check(language, source);
    let program = 0;
    const handle: ScriptProgram = {
      later: true,
      call: (input) => {
        // With the first call: a rule that is only read leaves nothing behind.
        if (program === 0) {
          program = this.#add(language, source);
          this.#dropped.register(handle, program, handle);
        }
        return this.#enqueue(program, JSON.stringify(input));
      },
      release: () => {
        this.#dropped.unregister(handle);
        this.#release(program);
      },
    };
    return handle;
  }

  #add(language: string, source: string): number {
    this.#lastProgram += 1;
    const program = this.#lastProgram;
    this.#programs.set(program, { language, source, pausedUntil: 0 });
    this.#channel?.send({ kind: 'program', program, language, source });
    return program;
  }

  #release(program: number): void {
    if (this.#programs.delete(program)) this.#channel?.send({ kind: 'release', program });
  }

  counts(): ScriptThreadCounts {
    const { size: programs } = this.#programs;
    return { programs, waiting: this.#queue.length, calls: this.#calls, failed: this.#failed, refused: this.#refused, ended: this.#ended };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const channel = this.#take();
    for (const call of this.#queue.splice(0)) call.refuse(new MusterError('stopping', 'The hub is stopping: the script is not called.'));
    this.#sent = 0;
    await channel?.stop();
  }

  #enqueue(program: number, text: string): Promise<JsonValue> {
    const refuse = (error: MusterError): Promise<JsonValue> => {
      this.#refused += 1;
      return Promise.reject(error);
    };
    if (this.#isStopped) return refuse(new MusterError('stopping', 'The hub is stopping: the script is not called.'));
    const known = this.#programs.get(program);
    if (known === undefined) return refuse(scriptFailure({ message: 'it was released', line: null }));
    if (performance.now() < known.pausedUntil)
      return refuse(scriptFailure({ message: 'it took too long a while ago, and is not called for a minute', line: null }));
    if (this.#queue.length >= WAITING_MAX || this.#waitingLength + text.length > WAITING_LENGTH_MAX)
      return refuse(new MusterError('overloaded', 'Too many calls of scripts wait.'));
    this.#calls += 1;
    this.#waitingLength += text.length;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const settle = (answer: ScriptAnswer): void => {
        this.#waitingLength -= text.length;
        if (!answer.ok) this.#failed += 1;
        try {
          resolve(resultOf(answer));
        } catch (error: unknown) {
          reject(error);
        }
      };
      this.#queue.push({ id, program, text, settle, refuse: reject });
      this.#sendAhead();
    });
  }

  #sendAhead(): void {
    const channel = this.#channel ?? this.#open();
    // Only while somebody waits for it does the thread keep the process alive.
    channel.answers.ref();
    while (this.#sent < AHEAD_MAX) {
      const call = this.#queue[this.#sent];
      if (call === undefined) break;
      channel.send({ kind: 'call', id: call.id, program: call.program, text: call.text });
      this.#sent += 1;
    }
    if (this.#watch === null && this.#sent > 0) this.#watchFirst();
  }

  #open(): ScriptChannel {
    const channel = openScriptChannel(this.#limits);
    this.#channel = channel;
    this.#isStarted = false;
    for (const [program, { language, source }] of this.#programs) channel.send({ kind: 'program', program, language, source });
    channel.answers.on('message', (message: FromScripts) => {
      if (this.#channel === channel) this.#answered(message);
    });
    const lost = (): void => {
      if (this.#channel === channel) this.#end('the thread of the scripts ended');
    };
    channel.worker.once('error', lost);
    channel.worker.once('exit', lost);
    return channel;
  }

  #answered({ id, answer }: FromScripts): void {
    const [first] = this.#queue;
    if (first === undefined || first.id !== id) return;
    this.#isStarted = true;
    this.#queue.shift();
    this.#sent -= 1;
    this.#unwatch();
    first.settle(answer);
    if (this.#queue.length > 0) this.#sendAhead();
    else this.#channel?.answers.unref();
  }

  /** The first of the queue runs now, because the one before it is done. */
  #watchFirst(): void {
    const patienceMs = this.#isStarted ? this.#limits.wallMsMax * 4 : START_MS_MAX;
    this.#watch = setTimeout(() => this.#end('it takes too long, and had to be ended with its thread'), patienceMs);
    this.#watch.unref();
  }

  #unwatch(): void {
    if (this.#watch !== null) clearTimeout(this.#watch);
    this.#watch = null;
  }

  #take(): ScriptChannel | null {
    this.#unwatch();
    const channel = this.#channel;
    this.#channel = null;
    return channel;
  }

  #end(reason: string): void {
    const channel = this.#take();
    if (channel === null) return;
    this.#ended += 1;
    channel.stop().catch(() => undefined);
    this.#sent = 0;
    const first = this.#queue.shift();
    if (first !== undefined) {
      const program = this.#programs.get(first.program);
      if (program !== undefined) program.pausedUntil = performance.now() + PAUSE_MS;
      first.settle({ ok: false, mistake: { message: reason, line: null } });
      this.#dropPaused(first.program);
    }
    if (this.#queue.length > 0) this.#sendAhead();
  }

  /** Its other calls would end the next thread too. */
  #dropPaused(program: number): void {
    const kept = this.#queue.filter((call) => call.program !== program);
    const dropped = this.#queue.filter((call) => call.program === program);
    this.#queue.splice(0, this.#queue.length, ...kept);
    for (const call of dropped) call.settle({ ok: false, mistake: { message: 'it took too long a while ago, and is not called for a minute', line: null } });
  }
}
