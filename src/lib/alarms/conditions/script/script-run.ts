import type { AlarmSubject } from '../../../domain/alarm.ts';
import type { Level } from '../../../domain/severity.ts';
import type { JsonValue, SampleValue } from '../../../domain/value.ts';
import { messageOf } from '../../../errors/muster-error.ts';
import { type ConditionRun, KEEP, LATER, type ScriptProgram } from '../condition.ts';
import type { FailureLog } from '../failure-log.ts';
import { PointValues } from '../joint/point-values.ts';
import { type Answer, readAnswer } from './script-answer.ts';

export interface ScriptSettings {
  readonly program: ScriptProgram;
  /** In the order of the slots; empty: the script is of one point. */
  readonly names: readonly string[];
  readonly levels: readonly Level[];
  readonly last: number;
  readonly failures: FailureLog;
}

/** Calls of one subject that wait for the one before them: each needs its state. */
const WAITING_MAX = 64;
const NEVER = Number.POSITIVE_INFINITY;

/** Calls the script with each sample. What it keeps from call to call is the state that it returns. */
export class ScriptRun implements ConditionRun {
  readonly dueAt = NEVER;
  readonly quietLow = Number.NaN;
  readonly quietHigh = Number.NaN;
  awaited: Promise<number> = Promise.resolve(KEEP);
  readonly #settings: ScriptSettings;
  readonly #subject: AlarmSubject | undefined;
  readonly #points: readonly PointValues[];
  #now = Number.NEGATIVE_INFINITY;
  #state: JsonValue = null;
  #text = '';
  #finding = 0;
  #waiting = 0;
  /** Counted up when what is being computed does not count any more. */
  #epoch = 0;

  constructor(settings: ScriptSettings, subject: AlarmSubject | undefined) {
    this.#settings = settings;
    this.#subject = subject;
    this.#points = Array.from({ length: Math.max(1, settings.names.length) }, () => new PointValues(settings.last));
  }

  sample(slot: number, time: number, value: SampleValue): number {
    const { program, failures } = this.#settings;
    if (value !== null) this.#points[slot]?.add(time, value);
    if (time > this.#now) this.#now = time;
    const isReady = value !== null && this.#points.every(({ newest }) => newest !== undefined);
    if (!program.later) return isReady ? this.#callNow(this.#input()) : KEEP;
    if (isReady && this.#waiting < WAITING_MAX) this.awaited = this.#callLater(this.#input());
    else {
      if (isReady) failures.add('samples come faster than the script runs', this.#now);
      // In its turn: findings come in the order of the samples.
      this.awaited = this.awaited.then(() => KEEP);
    }
    return LATER;
  }

  #callNow(input: JsonValue): number {
    const time = this.#now;
    try {
      return this.#take(this.#settings.program.call({ input, state: this.#state }) as JsonValue);
    } catch (error: unknown) {
      this.#settings.failures.add(messageOf(error), time);
      return KEEP;
    }
  }

  async #callLater(input: JsonValue): Promise<number> {
    const before = this.awaited;
    const [time, epoch] = [this.#now, this.#epoch];
    this.#waiting += 1;
    try {
      await before;
      const given = await this.#settings.program.call({ input, state: this.#state });
      return epoch === this.#epoch ? this.#take(given) : KEEP;
    } catch (error: unknown) {
      this.#settings.failures.add(messageOf(error), time);
      return KEEP;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Throws when it is no answer. */
  #take(given: JsonValue): number {
    const answer: Answer = readAnswer(given, this.#settings.levels);
    this.#state = answer.state;
    if (answer.finding === KEEP) return KEEP;
    this.#text = answer.text;
    this.#finding = answer.finding;
    return answer.finding;
  }

  /** A copy: it may be some time until the call. */
  #input(): JsonValue {
    const { names } = this.#settings;
    const subject = { device: this.#subject?.device ?? null, point: this.#subject?.point ?? null, time: this.#now };
    const [only] = this.#points;
    if (names.length === 0) return { ...subject, value: only?.newest ?? null, last: only?.values.slice() ?? [], times: only?.times.slice() ?? [] };
    const each = <Part>(part: (point: PointValues) => Part): Record<string, Part> =>
      Object.fromEntries(this.#points.map((point, slot) => [names[slot] ?? '', part(point)]));
    return { ...subject, values: each(({ newest }) => newest ?? null), last: each(({ values }) => values.slice()), times: each(({ times }) => times.slice()) };
  }

  elapsed(): number {
    return KEEP;
  }

  explain(): string {
    if (this.#text !== '') return this.#text;
    const level = this.#settings.levels[this.#finding - 1];
    return level === undefined ? 'the script finds nothing' : `the script finds ${level.name}`;
  }

  save(): JsonValue {
    if (this.#state === null && this.#text === '' && this.#finding === 0) return null;
    return { state: this.#state, text: this.#text, level: this.#settings.levels[this.#finding - 1]?.name ?? null };
  }

  /** What is under way was of another time. */
  restore(saved: JsonValue): void {
    const {
      state = null,
      text,
      level,
    } = typeof saved === 'object' && saved !== null && !Array.isArray(saved) ? (saved as Readonly<Record<string, JsonValue>>) : {};
    this.#epoch += 1;
    this.#state = state;
    this.#text = typeof text === 'string' ? text : '';
    this.#finding = this.#settings.levels.findIndex(({ name }) => name === level) + 1;
  }
}
