/** A place in a row. */
export interface Turn {
  /** Resolves when all that came before on the topic are over. */
  readonly before: Promise<void>;
  /** To be called once, whatever became of it; again does nothing. */
  over(): void;
}

/** Messages of a topic that are taken beside one another, and yet have to be written in the order in which they came: the last one is the retained one. */
export class TopicTurns {
  readonly #last = new Map<string, Promise<void>>();

  next(topic: string): Turn {
    const before = this.#last.get(topic) ?? Promise.resolve();
    let over: () => void = () => undefined;
    const own = new Promise<void>((resolve) => {
      over = resolve;
    });
    const last = before.then(() => own);
    this.#last.set(topic, last);
    void last.then(() => {
      if (this.#last.get(topic) === last) this.#last.delete(topic);
    });
    return { before, over: () => over() };
  }
}
