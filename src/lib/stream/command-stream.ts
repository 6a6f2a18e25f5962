import type { Command, CommandState } from '../domain/command.ts';
import { BoundedQueue, type Queued, type QueueLimits } from './bounded-queue.ts';
import type { SubscriberSeats } from './subscriber-seats.ts';

export type LiveCommandMessage =
  /** Each change as JSON: made once, for all who watch. */
  | { readonly type: 'changes'; readonly changes: readonly string[] }
  | { readonly type: 'gap'; readonly dropped: number; readonly from: number; readonly to: number };

export interface CommandSubscription {
  /** At most so many changes, and of so many bytes (one alone may have more). */
  take(changesMax: number, bytesMax: number): LiveCommandMessage | null;
  /** Idempotent. */
  close(): void;
}

/**
 * Changes of commands that are on disk, to those who watch: each has its own bounded queue. A slow one loses changes, is told how many, and slows nobody else. A change is
 * looked at once by each who watches, and its JSON made once, where anybody wants it.
 */
export interface CommandStream {
  /** `before` null: it is new. */
  publish(command: Command, before: CommandState | null): void;
  /** `onReady` is called when there is something to take after it was empty. Throws limit_reached. */
  subscribe(matches: (command: Command) => boolean, onReady: () => void): CommandSubscription;
  /** Changes that subscribers were too slow for, since the start. */
  readonly dropped: number;
}

interface Member {
  readonly matches: (command: Command) => boolean;
  readonly queue: BoundedQueue<string>;
}

export function createCommandStream(ports: QueueLimits & { readonly seats: SubscriberSeats; readonly clock: () => number }): CommandStream {
  const members = new Set<Member>();
  let dropped = 0;
  return {
    publish(command, before) {
      let queued: Queued<string> | null = null;
      for (const { matches, queue } of members) {
        if (!matches(command)) continue;
        queued ??= queuedOf(command, before, ports.clock());
        if (!queue.push(queued)) dropped += 1;
      }
    },
    subscribe(matches, onReady) {
      const leave = ports.seats.take();
      const member = { matches, queue: new BoundedQueue<string>(ports, onReady) };
      members.add(member);
      return {
        take(changesMax, bytesMax) {
          const taken = member.queue.take(changesMax, bytesMax);
          if (taken === null) return null;
          return 'items' in taken ? { type: 'changes', changes: taken.items } : { type: 'gap', ...taken.gap };
        },
        close() {
          members.delete(member);
          leave();
        },
      };
    },
    get dropped() {
      return dropped;
    },
  };
}

function queuedOf(command: Command, before: CommandState | null, now: number): Queued<string> {
  const { project: _project, ...shown } = command;
  const time = timeOf(command) ?? now;
  const item = JSON.stringify({ time, before, command: shown });
  return { item, time, bytes: item.length };
}

/** When it came to its state; null: nothing of it says so, as when a connection was lost. */
function timeOf({ state, createdAt, sentAt, deliveredAt, settledAt }: Command): number | null {
  if (state === 'queued') return sentAt === null ? createdAt : null;
  if (state === 'sent') return sentAt;
  return state === 'delivered' ? deliveredAt : settledAt;
}
