/** Who wants to know of a change. One that throws does not keep it from the others. */
export interface Listeners<Value> {
  /** Returns what takes it off again. */
  add(listener: (value: Value) => void): () => void;
  tell(value: Value): void;
}

export function createListeners<Value>(failed: (error: unknown) => void): Listeners<Value> {
  const listeners = new Set<(value: Value) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(value) {
      for (const listener of [...listeners]) {
        try {
          listener(value);
        } catch (error: unknown) {
          failed(error);
        }
      }
    },
  };
}
