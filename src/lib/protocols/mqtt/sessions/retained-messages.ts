import type { BrokerChange } from '../../../storage/broker-state.ts';
import type { Qos } from '../codec/packet.ts';
import type { ChangeWriter } from './change-writer.ts';
import { isExpired, type Message, toStoredMessage } from './message.ts';

/** Retained messages for a new subscription, on their way. */
export interface RetainedBacklog {
  readonly filter: string;
  readonly messages: Iterator<Message>;
  readonly qos: Qos;
  readonly identifiers: readonly number[];
}

interface Node {
  readonly children: Map<string, Node>;
  message: Message | null;
}

/**
 * The last retained message of each topic, so many and so large. A change is written before it is seen: `prepare` at arrival, `apply` or
 * `revoke` when it is known what became of the message.
 */
export class RetainedMessages {
  readonly #root: Node = { children: new Map(), message: null };
  readonly #max: number;
  readonly #bytesMax: number;
  /** Topics with changes on their way to the disk: the key of the newest. */
  readonly #prepared = new Map<string, number>();
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
    this.#prepared.set(topic, message.key);
    changes.push(isEmpty || !isRoom ? { kind: 'remove-retained', topic } : { kind: 'put-retained', message: toStoredMessage(message) });
    return isRoom;
  }

  /** `isRoom` as prepare said. */
  apply(message: Message, isRoom: boolean): void {
    this.#forgetPrepared(message);
    const known = this.get(message.topic);
    // A newer one was faster.
    if (known && known.key > message.key) return;
    if (message.payload.length === 0 || !isRoom) this.#delete(message.topic);
    else this.restore(message);
  }

  /** The message was not taken: what was there before is put back on disk. */
  revoke(message: Message, writer: Pick<ChangeWriter, 'later'>): void {
    const { topic } = message;
    const isNewest = this.#prepared.get(topic) === message.key;
    this.#forgetPrepared(message);
    if (!isNewest) return;
    const known = this.get(topic);
    writer.later(known ? { kind: 'put-retained', message: toStoredMessage(known) } : { kind: 'remove-retained', topic });
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
    if (at.message) this.#bytes -= sizeOf(at.message);
    else this.#size++;
    at.message = message;
    this.#bytes += sizeOf(message);
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

  /** Those that a filter matches. The walk follows changes made meanwhile. */
  matching(filter: string): Iterator<Message> {
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

  #forgetPrepared({ topic, key }: Message): void {
    if (this.#prepared.get(topic) === key) this.#prepared.delete(topic);
  }

  #hasRoom(message: Message): boolean {
    const old = this.get(message.topic);
    const count = this.#size - (old ? 1 : 0);
    const bytes = this.#bytes - (old ? sizeOf(old) : 0);
    return count < this.#max && bytes + sizeOf(message) <= this.#bytesMax;
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
    this.#bytes -= sizeOf(at.message);
    at.message = null;
    this.#mortal.delete(topic);
    for (let step = path.pop(); step && at.message === null && at.children.size === 0; step = path.pop()) {
      step.parent.children.delete(step.level);
      at = step.parent;
    }
  }
}

function* walk(at: Node, levels: readonly string[], index: number): Generator<Message> {
  const level = levels[index];
  if (level === undefined) {
    if (at.message) yield at.message;
    return;
  }
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

function* below(at: Node, isRoot: boolean): Generator<Message> {
  if (at.message) yield at.message;
  for (const [name, child] of at.children) if (!isRoot || !name.startsWith('$')) yield* below(child, false);
}

function sizeOf(message: Message): number {
  return message.payload.length + message.topic.length;
}
