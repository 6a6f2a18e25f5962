import { TextIndex } from './text-index.ts';

/** A map from texts that may become very large, and never stops the event loop for long. */
export class LargeMap<Value> {
  readonly #keys: string[] = [];
  readonly #values: Value[] = [];
  readonly #index = new TextIndex((at) => this.#keys[at] ?? '');

  get size(): number {
    return this.#keys.length;
  }
  get(key: string): Value | undefined {
    const at = this.#index.find(key);
    return at === -1 ? undefined : this.#values[at];
  }
  set(key: string, value: Value): void {
    const known = this.#index.find(key);
    if (known !== -1) {
      this.#values[known] = value;
      return;
    }
    this.#values.push(value);
    this.#index.put(key, this.#keys.push(key) - 1);
  }
  delete(key: string): boolean {
    const at = this.#index.remove(key);
    if (at === -1) return false;
    // The last one takes the place that is free now.
    const last = this.#keys.length - 1;
    const lastKey = this.#keys[last] ?? '';
    if (at !== last) {
      this.#index.put(lastKey, at);
      this.#keys[at] = lastKey;
      this.#values[at] = this.#values[last] as Value;
    }
    this.#keys.pop();
    this.#values.pop();
    return true;
  }
  /** In no order; not to be changed meanwhile. */
  values(): IterableIterator<Value> {
    return this.#values.values();
  }
}
