import type { BrokerChange } from '../../../storage/broker-state.ts';
import type { Qos } from '../codec/packet.ts';
import type { ChangeWriter } from './change-writer.ts';
import { bytesOf, isExpired, type Message, toStoredMessage } from './message.ts';

/** Retained messages for a new subscription, on their way. */
export interface RetainedBacklog {
  readonly filter: string;
  /** null: nothing was found in one step of the walk. */
  readonly messages: Iterator<Message | null>;
  readonly qos: Qos;
  readonly identifiers: readonly number[];
}

interface Node {
  readonly children: Map<string, Node>;
  message: Message | null;
}

/** What a message is to change. */
interface Change {
  readonly message: Message;
  /** Otherwise it is not kept, and neither is what was there before. */
  readonly isRoom: boolean;
}

/**
 * The last retained message of each topic, so many and so large. A change is written before it is seen: `prepare` at arrival, `apply` or
 * `revoke` when it is known what became of the message.
 */
export class RetainedMessages {
  readonly #root: Node = { children: new Map(), message: null };
  readonly #max: number;
  readonly #bytesMax: number;
  /** By topic, the changes on their way to the disk that no newer one has overtaken, oldest first. */
  readonly #prepared = new Map<string, Change[]>();
  /** Topics whose message ends some time. */
  readonly #mortal = new Set<string>();
  #size = 0;
  #bytes = 0;

  constructor(max: number, bytesMax: number) {
    this.#max = max;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The change to write; false when there is no room, and nothing is kept for the topic then. An empty payload removes what was kept [MQTT-3.3.1-10]. */
  prepare(message: Message, changes: BrokerChange[]): boolean {
    const { topic } = message;
    const isEmpty = message.payload.length === 0;
    const isRoom = isEmpty || this.#hasRoom(message);
    const change = { message, isRoom };
    const earlier = this.#prepared.get(topic);
    if (earlier) earlier.push(change);
    else this.#prepared.set(topic, [change]);
    changes.push(toStored(topic, keptBy(change)));
    return isRoom;
  }

  /** The change is on disk. */
  apply(message: Message, writer: Pick<ChangeWriter, 'later'>): void {
    const { topic } = message;
    const waiting = this.#prepared.get(topic) ?? [];
    const index = indexIn(waiting, message);
    const change = waiting[index];
    if (change === undefined) {
      // A newer one was faster; which of them came to the disk last is not known here.
      writer.later(this.#intended(topic));
      return;
    }
    waiting.splice(0, index + 1);
    if (waiting.length === 0) this.#prepared.delete(topic);
    const kept = keptBy(change);
    if (kept === null) this.#delete(topic);
    else this.restore(kept);
  }

  /** The message was not taken: what is to be there without it is put back on disk. */
  revoke(message: Message, writer: Pick<ChangeWriter, 'later'>): void {
    const { topic } = message;
    const waiting = this.#prepared.get(topic) ?? [];
    const index = indexIn(waiting, message);
    if (index < 0) return;
    const isNewest = index === waiting.length - 1;
    waiting.splice(index, 1);
    if (waiting.length === 0) this.#prepared.delete(topic);
    if (isNewest) writer.later(this.#intended(topic));
  }

  /** Forgets what is retained below this topic, and what is about to be. */
  removeBelow(topic: string, writer: Pick<ChangeWriter, 'later'>): void {
    const gone = new Set<string>();
    for (const prepared of this.#prepared.keys()) if (prepared.startsWith(`${topic}/`)) gone.add(prepared);
    for (const message of this.matching(`${topic}/#`)) if (message !== null) gone.add(message.topic);
    for (const each of gone) {
      this.#prepared.delete(each);
      this.#delete(each);
      writer.later({ kind: 'remove-retained', topic: each });
    }
  }

  restore(message: Message): void {
    let at = this.#root;
    for (const level of message.topic.split('/')) {
      let next = at.children.get(level);
      if (!next) {
        next = { children: new Map(), message: null };
        at.children.set(level, next);
      }
      at = next;
    }
    if (at.message) this.#bytes -= bytesOf(at.message);
    else this.#size++;
    at.message = message;
    this.#bytes += bytesOf(message);
    if (message.expiresAt === null) this.#mortal.delete(message.topic);
    else this.#mortal.add(message.topic);
  }

  get(topic: string): Message | null {
    let at: Node | undefined = this.#root;
    for (const level of topic.split('/')) {
      at = at.children.get(level);
      if (!at) return null;
    }
    return at.message;
  }

  /** Those that a filter matches. The walk follows changes made meanwhile, and gives null for each step that finds nothing: there may be many of them. */
  matching(filter: string): Generator<Message | null> {
    return walk(this.#root, filter.split('/'), 0);
  }

  /** Forgets what has expired. */
  sweep(now: number, writer: Pick<ChangeWriter, 'later'>): void {
    for (const topic of this.#mortal) {
      const message = this.get(topic);
      if (message && !isExpired(message, now)) continue;
      this.#mortal.delete(topic);
      if (!message || this.#prepared.has(topic)) continue;
      this.#delete(topic);
      writer.later({ kind: 'remove-retained', topic });
    }
  }

  /** What is on disk for a topic once all that is on its way has arrived. */
  #intended(topic: string): BrokerChange {
    const newest = this.#prepared.get(topic)?.at(-1);
    return toStored(topic, newest === undefined ? this.get(topic) : keptBy(newest));
  }

  #hasRoom(message: Message): boolean {
    const old = this.get(message.topic);
    const count = this.#size - (old ? 1 : 0);
    const bytes = this.#bytes - (old ? bytesOf(old) : 0);
    return count < this.#max && bytes + bytesOf(message) <= this.#bytesMax;
  }

  #delete(topic: string): void {
    const path: { readonly parent: Node; readonly level: string }[] = [];
    let at = this.#root;
    for (const level of topic.split('/')) {
      const next = at.children.get(level);
      if (!next) return;
      path.push({ parent: at, level });
      at = next;
    }
    if (!at.message) return;
    this.#size--;
    this.#bytes -= bytesOf(at.message);
    at.message = null;
    this.#mortal.delete(topic);
    for (let step = path.pop(); step && at.message === null && at.children.size === 0; step = path.pop()) {
      step.parent.children.delete(step.level);
      at = step.parent;
    }
  }
}

/** The message that stays; null: none. */
function keptBy({ message, isRoom }: Change): Message | null {
  return isRoom && message.payload.length > 0 ? message : null;
}

function toStored(topic: string, kept: Message | null): BrokerChange {
  return kept === null ? { kind: 'remove-retained', topic } : { kind: 'put-retained', message: toStoredMessage(kept) };
}

function indexIn(changes: readonly Change[], { key }: Message): number {
  return changes.findIndex(({ message }) => message.key === key);
}

function* walk(at: Node, levels: readonly string[], index: number): Generator<Message | null> {
  const level = levels[index];
  if (level === undefined) {
    yield at.message;
    return;
  }
  yield null;
  if (level === '#') {
    yield* below(at, index === 0);
    return;
  }
  if (level === '+') {
    // A wildcard in the first level does not see topics that begin with `$` [MQTT-4.7.2-1].
    for (const [name, child] of at.children) if (index > 0 || !name.startsWith('$')) yield* walk(child, levels, index + 1);
    return;
  }
  const child = at.children.get(level);
  if (child) yield* walk(child, levels, index + 1);
}

function* below(at: Node, isRoot: boolean): Generator<Message | null> {
  yield at.message;
  for (const [name, child] of at.children) if (!isRoot || !name.startsWith('$')) yield* below(child, false);
}
