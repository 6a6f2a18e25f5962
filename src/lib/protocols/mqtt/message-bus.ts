import type { PublishPacket } from './aedes-client.ts';
import { TopicTree } from './topic-tree.ts';

export type Listener = (packet: PublishPacket, done: () => void) => void;

/**
 * How aedes hands a message to its subscribers (its `mq` option), in place of mqemitter. That one waits for the slowest
 * subscriber before it takes the 101st message, so one stalled dashboard would hold up every device. Here a publisher
 * never waits: each subscriber has its own bounds (delivery.ts).
 */
export class MessageBus {
  readonly concurrency = 0;
  readonly #listeners = new TopicTree<Listener, Listener>();
  #closed = false;

  on(filter: string, listener: Listener, done?: () => void): this {
    this.#listeners.add(filter, listener, listener);
    if (done) setImmediate(done);
    return this;
  }

  removeListener(filter: string, listener: Listener, done?: () => void): this {
    this.#listeners.remove(filter, listener);
    if (done) setImmediate(done);
    return this;
  }

  emit(packet: PublishPacket, done: (error?: Error) => void = ignore): this {
    if (!this.#closed) for (const listener of this.#listeners.match(packet.topic)) listener(packet, ignore);
    done();
    return this;
  }

  /** Whether anybody listens: most reports are read by nobody but the hub. */
  hears(topic: string): boolean {
    return this.#listeners.match(topic).length > 0;
  }

  close(done: () => void): this {
    this.#closed = true;
    setImmediate(done);
    return this;
  }
}

function ignore(): void {}
