/** Entries committed so close to each other share a mark: the lag is right to this many ms. */
const MARK_MS = 50;
/** Of a store that stands still for days. With more, every second mark goes. */
const MARKS_MAX = 4096;

interface Mark {
  readonly since: number;
  lastId: number;
}

/** How old the oldest journal entry is that the sample store has yet to take. Times in ms since 1970. */
export class ApplyLag {
  #marks: Mark[] = [];
  #applied = 0;

  committed(journalId: number, now: number): void {
    if (journalId <= this.#applied) return;
    const last = this.#marks.at(-1);
    if (last !== undefined && now - last.since < MARK_MS) last.lastId = journalId;
    else this.#marks.push({ since: now, lastId: journalId });
    // The older mark of two stays, for both: the lag is never shown as less than it is.
    if (this.#marks.length > MARKS_MAX)
      this.#marks = this.#marks.flatMap((mark, index) => (index % 2 === 1 ? [] : { since: mark.since, lastId: this.#marks[index + 1]?.lastId ?? mark.lastId }));
  }

  applied(journalId: number): void {
    this.#applied = Math.max(this.#applied, journalId);
    const first = this.#marks.findIndex(({ lastId }) => lastId > this.#applied);
    this.#marks.splice(0, first === -1 ? this.#marks.length : first);
  }

  lagMs(now: number): number {
    const oldest = this.#marks[0];
    return oldest === undefined ? 0 : Math.max(0, now - oldest.since);
  }
}
