import type { AlarmSubject } from '../domain/alarm.ts';
import { formatDuration } from '../domain/duration.ts';
import type { JsonValue, SampleValue } from '../domain/value.ts';
import { type Condition, type ConditionRun, LATER } from './conditions/condition.ts';
import type { Evaluation, LevelChange } from './evaluation.ts';
import { type BeyondTimes, createBeyondTimes } from './repeats.ts';
import type { Rule } from './rule.ts';
import { readSavedEvaluation } from './saved-evaluation.ts';

/** What an evaluation takes from its rule. */
export type EvaluatedRule = Pick<Rule, 'condition' | 'onDelayMs' | 'offDelayMs' | 'repeat'>;

/**
 * Makes the evaluations of one rule, one for each subject. Evaluations of one call belong together, and may compare their subjects with each other: there is
 * one call for what is live, one for late data, one for each back-test.
 */
export function createEvaluations(rule: EvaluatedRule): (subject: AlarmSubject) => Evaluation {
  const shared = rule.condition.share?.();
  return (subject) => new RuleEvaluation(rule, rule.condition.start(subject, shared));
}

/** Levels are numbered from 1 here; 0 is normal. A class, because every sample of every watched point that is not quiet goes through it. */
class RuleEvaluation implements Evaluation {
  level = 0;
  dueAt: number;
  quietLow: number;
  quietHigh: number;
  lastTime = Number.NEGATIVE_INFINITY;
  later: Promise<number> | null = null;
  ignored = 0;
  readonly #condition: Condition;
  readonly #onDelayMs: number;
  readonly #offDelayMs: number;
  readonly #beyond: BeyondTimes | null;
  readonly #repeat: Rule['repeat'];
  readonly #run: ConditionRun;
  readonly #slots: number;
  /** What the condition found last. */
  #finding = 0;
  /** Since when the finding is on its present side of each level: at it or worse, or better. Index 0 is not used. */
  readonly #since: number[];
  /** When the delay of the next level is over; Infinity: none runs. */
  #delayDueAt = Number.POSITIVE_INFINITY;
  /** The last moment at which something happened: it never goes back. */
  #at = Number.NEGATIVE_INFINITY;
  /** The newest sample of those that were not brought. */
  #passedTime = Number.NEGATIVE_INFINITY;
  /** The value behind the finding; null: time alone. */
  #value: SampleValue = null;
  /** Of each slot of each member, where there is more than one. */
  readonly #newest: number[] = [];
  /** The times of the samples whose finding is awaited, oldest first. */
  readonly #awaited: number[] = [];
  /** How far the clock has come, when findings are awaited. */
  #now = Number.NEGATIVE_INFINITY;
  #changes: LevelChange[] | null = null;

  constructor({ condition, onDelayMs, offDelayMs, repeat }: EvaluatedRule, run: ConditionRun) {
    this.#condition = condition;
    this.#onDelayMs = onDelayMs;
    this.#offDelayMs = offDelayMs;
    this.#repeat = repeat;
    this.#beyond = repeat === null ? null : createBeyondTimes(condition.levels.length, repeat);
    this.#run = run;
    this.#slots = Math.max(1, condition.points.length);
    this.#since = new Array(condition.levels.length + 1).fill(Number.NEGATIVE_INFINITY);
    this.dueAt = run.dueAt;
    this.quietLow = run.quietLow;
    this.quietHigh = run.quietHigh;
  }

  sample(slot: number, time: number, value: SampleValue, member = 0): readonly LevelChange[] | null {
    if (this.#isOld(slot, time, member)) return null;
    if (typeof value === 'number' && value >= this.quietLow && value < this.quietHigh && time < this.dueAt) {
      this.#passedTime = time;
      this.#noteTime(slot, time, member);
      return null;
    }
    if (time >= this.dueAt) this.#happen(time);
    this.#show(slot, time, value, member);
    this.#settle();
    this.#refresh();
    return this.#take();
  }

  advance(now: number, lastTime = Number.NEGATIVE_INFINITY): readonly LevelChange[] | null {
    if (lastTime > this.#passedTime) this.#passedTime = lastTime;
    if (lastTime > this.lastTime) this.lastTime = lastTime;
    // A silence begins when a device is made known, or with a sample that was passed over: who waits for the first one has to hear of it.
    if (lastTime > Number.NEGATIVE_INFINITY && this.#run.dueAt === Number.POSITIVE_INFINITY) this.#elapsed(lastTime);
    else if (now < this.dueAt && this.#awaited.length === 0) return null;
    this.#happen(now);
    this.#refresh();
    return this.#take();
  }

  found(finding: number, time: number, value: SampleValue): readonly LevelChange[] | null {
    if (this.#awaited.shift() === undefined) return null;
    this.#at = Math.max(this.#at, time);
    this.#find(finding, this.#at, value, true);
    this.#settle();
    this.#happen(this.#now);
    this.#refresh();
    return this.#take();
  }

  warm(slot: number, time: number, value: SampleValue, member = 0): void {
    if (this.#isOld(slot, time, member)) return;
    this.#elapse(time);
    this.#show(slot, time, value, member);
    // Nobody waits for what a script finds in the past.
    if (this.later !== null) {
      this.#awaited.pop();
      this.later.catch(() => undefined);
      this.later = null;
    }
    this.#refresh();
  }

  get pending(): Evaluation['pending'] {
    if (this.#finding === this.level) return null;
    const next = this.#finding > this.level ? this.level + 1 : this.level;
    return { finding: this.#finding, since: this.#since[next] ?? this.#at, dueAt: this.#delayDueAt };
  }

  explain(): string {
    const { pending } = this;
    const text = this.#run.explain();
    if (pending === null) return text;
    const since = `${text}; since ${new Date(pending.since).toISOString()}`;
    return pending.dueAt === Number.POSITIVE_INFINITY ? `${since}, not yet often enough` : `${since}, counts from ${new Date(pending.dueAt).toISOString()}`;
  }

  save(): JsonValue {
    const run = this.#run.save();
    const beyond = this.#beyond?.save(this.#at, (level) => this.#nameOf(level)) ?? null;
    if (run === null && beyond === null && this.level === 0 && this.#finding === 0) return null;
    const [low, high] = [Math.min(this.level, this.#finding), Math.max(this.level, this.#finding)];
    const since: JsonValue[] = [];
    for (let level = low + 1; level <= high; level += 1) since.push([this.#nameOf(level), this.#since[level] ?? this.#at]);
    return {
      level: this.level === 0 ? null : this.#nameOf(this.level),
      finding: this.#finding === 0 ? null : this.#nameOf(this.#finding),
      since,
      beyond,
      at: Number.isFinite(this.#at) ? this.#at : null,
      time: Number.isFinite(this.lastTime) ? this.lastTime : null,
      value: this.#value,
      run,
    };
  }

  restore(given: JsonValue): void {
    const saved = readSavedEvaluation(given, this.#condition.levels);
    this.level = saved.level;
    this.#finding = saved.finding;
    this.#at = Math.max(this.#at, saved.at);
    // A value that changes nothing is not saved: what it was shown since is the newer one.
    if (this.#value === null || saved.time >= this.lastTime) this.#value = saved.value;
    this.lastTime = Math.max(this.lastTime, saved.time);
    this.#since.fill(Number.isFinite(this.#at) ? this.#at : 0);
    for (const [level, since] of saved.since) this.#since[level] = since;
    this.#beyond?.restore(saved.beyond);
    this.#run.restore(saved.run);
    this.#refresh();
  }

  join(device: string): number {
    return this.#run.join?.(device) ?? 0;
  }

  leave(member: number): void {
    for (let slot = 0; slot < this.#slots; slot += 1) this.#newest[member * this.#slots + slot] = Number.NEGATIVE_INFINITY;
    this.#run.leave?.(member);
  }

  #nameOf(level: number): string {
    return this.#condition.levels[level - 1]?.name ?? '';
  }

  /** Older than the newest of its slot: it is not seen any more. One of the same time is. */
  #isOld(slot: number, time: number, member: number): boolean {
    if (this.#slots === 1 && this.#condition.subject !== 'group') return time < this.lastTime;
    const newest = this.#newest[member * this.#slots + slot];
    return newest !== undefined && time < newest;
  }

  #noteTime(slot: number, time: number, member: number): void {
    if (time > this.lastTime) this.lastTime = time;
    if (this.#slots > 1 || this.#condition.subject === 'group') this.#newest[member * this.#slots + slot] = time;
  }

  #show(slot: number, time: number, value: SampleValue, member: number): void {
    this.#noteTime(slot, time, member);
    const finding = this.#run.sample(slot, time, value, member);
    this.later = null;
    if (finding === LATER) {
      this.#awaited.push(time);
      this.later = this.#run.awaited ?? null;
      return;
    }
    if (time > this.#at) this.#at = time;
    this.#find(finding, this.#at, value, true);
  }

  #find(finding: number, time: number, value: SampleValue, bySample: boolean): void {
    if (finding < 0) {
      if (bySample) this.ignored += 1;
      return;
    }
    const before = this.#finding;
    if (finding !== before) {
      const high = Math.max(finding, before);
      for (let level = Math.min(finding, before) + 1; level <= high; level += 1) this.#since[level] = time;
      this.#finding = finding;
    }
    if (finding !== before || bySample) this.#value = value;
    // Each sample that is beyond counts; of what time alone finds, such as a silence, each beginning.
    if (finding > 0 && (bySample || finding > before)) this.#beyond?.add(finding, bySample ? 1 : before + 1, time);
  }

  /** Everything that is due up to `time`, one after the other; but nothing that would come after a sample whose finding is awaited. */
  #happen(time: number): void {
    const [oldest] = this.#awaited;
    if (oldest !== undefined && time > this.#now) this.#now = time;
    const end = oldest !== undefined && oldest < time ? oldest : time;
    for (;;) {
      const conditionDueAt = this.#run.dueAt;
      if (Math.min(this.#delayDueAt, conditionDueAt) > end) return;
      const delayDueAt = this.#delayDueAt;
      if (delayDueAt <= conditionDueAt) {
        this.#at = Math.max(this.#at, delayDueAt);
        this.#settle();
        // Never seen; but an endless loop would be the end of the hub.
        if (this.#delayDueAt === delayDueAt && this.#finding !== this.level) return;
      } else if (!this.#elapsed(conditionDueAt)) return;
      else this.#settle();
    }
  }

  /** As `happen`, but nothing is confirmed. */
  #elapse(time: number): void {
    while (this.#run.dueAt <= time) if (!this.#elapsed(this.#run.dueAt)) return;
  }

  /** False: the condition did not move on, and would not the next time. */
  #elapsed(dueAt: number): boolean {
    const finding = this.#run.elapsed(dueAt, this.#passedTime);
    if (finding >= 0 && finding !== this.#finding) {
      this.#at = Math.max(this.#at, dueAt);
      this.#find(finding, this.#at, null, false);
    }
    return this.#run.dueAt > dueAt;
  }

  /** Confirms what may be confirmed now. */
  #settle(): void {
    if (this.#finding > this.level) {
      let level = this.#finding;
      while (level > this.level && !(this.#at - this.#sinceOf(level) >= this.#onDelayMs && this.#isOften(level))) level -= 1;
      if (level > this.level) this.#confirm(level);
    } else if (this.#finding < this.level) {
      let level = this.#finding;
      while (level < this.level && !(this.#at - this.#sinceOf(level + 1) >= this.#offDelayMs)) level += 1;
      if (level < this.level) this.#confirm(level);
    }
    this.#delayDueAt = this.#nextDelay();
  }

  #nextDelay(): number {
    if (this.#finding === this.level) return Number.POSITIVE_INFINITY;
    if (this.#finding < this.level) return this.#sinceOf(this.level) + this.#offDelayMs;
    const dueAt = this.#sinceOf(this.level + 1) + this.#onDelayMs;
    // Over, but the repeats are missing: only a sample adds one.
    return dueAt <= this.#at && !this.#isOften(this.level + 1) ? Number.POSITIVE_INFINITY : dueAt;
  }

  #sinceOf(level: number): number {
    return this.#since[level] ?? this.#at;
  }

  #isOften(level: number): boolean {
    return this.#beyond === null || this.#beyond.isEnough(level, this.#at);
  }

  #confirm(level: number): void {
    const change = { time: this.#at, from: this.level, to: level, value: this.#value, explanation: this.#explainChange(level) };
    this.level = level;
    if (this.#changes === null) this.#changes = [change];
    else this.#changes.push(change);
  }

  #explainChange(level: number): string {
    const worse = level > this.level;
    let text = this.#run.explain();
    if (worse && this.#beyond !== null && this.#repeat !== null) text += `; ${this.#repeat.times} times within ${formatDuration(this.#repeat.withinMs)}`;
    const delayMs = worse ? this.#onDelayMs : this.#offDelayMs;
    return delayMs > 0 ? `${text}; for ${formatDuration(delayMs)}` : text;
  }

  #refresh(): void {
    this.#delayDueAt = this.#nextDelay();
    const dueAt = Math.min(this.#run.dueAt, this.#delayDueAt);
    const [oldest] = this.#awaited;
    // What waits for a script is done when the script has answered.
    this.dueAt = oldest !== undefined && dueAt > oldest ? Number.POSITIVE_INFINITY : dueAt;
    const quiet = this.level === 0 && this.#finding === 0 && oldest === undefined;
    this.quietLow = quiet ? this.#run.quietLow : Number.NaN;
    this.quietHigh = quiet ? this.#run.quietHigh : Number.NaN;
  }

  #take(): readonly LevelChange[] | null {
    const changes = this.#changes;
    if (changes !== null) this.#changes = null;
    return changes;
  }
}
