import { hidesFrom } from './topic.ts';

interface Entry<Value> {
  readonly filter: string;
  readonly value: Value;
}
interface Node<Key, Value> {
  readonly children: Map<string, Node<Key, Value>>;
  readonly entries: Map<Key, Entry<Value>>;
}

/** Topic filters with what hangs on them; finding costs as many steps as the topic has levels, not as there are filters. */
export class TopicTree<Key, Value> {
  readonly #root: Node<Key, Value> = node();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(filter: string, key: Key, value: Value): void {
    let at = this.#root;
    for (const level of filter.split('/')) {
      let next = at.children.get(level);
      if (!next) {
        next = node();
        at.children.set(level, next);
      }
      at = next;
    }
    if (!at.entries.has(key)) this.#size++;
    at.entries.set(key, { filter, value });
  }

  remove(filter: string, key: Key): void {
    const path: { readonly parent: Node<Key, Value>; readonly level: string }[] = [];
    let at = this.#root;
    for (const level of filter.split('/')) {
      const next = at.children.get(level);
      if (!next) return;
      path.push({ parent: at, level });
      at = next;
    }
    if (!at.entries.delete(key)) return;
    this.#size--;
    for (let step = path.pop(); step && at.entries.size === 0 && at.children.size === 0; step = path.pop()) {
      step.parent.children.delete(step.level);
      at = step.parent;
    }
  }

  /** Whatever hangs on the filters that match; the list is the caller's, so the tree may change meanwhile. */
  match(topic: string): Value[] {
    const found: Value[] = [];
    if (this.#size > 0) collect(this.#root, topic, topic.split('/'), 0, found);
    return found;
  }
}

function node<Key, Value>(): Node<Key, Value> {
  return { children: new Map(), entries: new Map() };
}

function take<Key, Value>(from: Node<Key, Value> | undefined, topic: string, found: Value[]): void {
  if (!from) return;
  for (const { filter, value } of from.entries.values()) if (!hidesFrom(filter, topic)) found.push(value);
}

function collect<Key, Value>(at: Node<Key, Value>, topic: string, levels: readonly string[], index: number, found: Value[]): void {
  // `a/#` matches `a` too [MQTT-4.7.1-2], so this comes before the end of the topic.
  take(at.children.get('#'), topic, found);
  const level = levels[index];
  if (level === undefined) {
    take(at, topic, found);
    return;
  }
  const same = at.children.get(level);
  if (same) collect(same, topic, levels, index + 1, found);
  const any = at.children.get('+');
  if (any) collect(any, topic, levels, index + 1, found);
}
