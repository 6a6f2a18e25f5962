import type { CommandChange, CommandStreamMessage } from '../../api/schema/commands.ts';
import { type FollowEvent, type FollowMessage, follow } from './follow.ts';

export interface FollowCommandsOptions {
  readonly signal: AbortSignal;
  /** The hub's stream of commands: ends when the signal aborts, throws `unreachable` or `timed_out` when the connection is lost. */
  connect(signal: AbortSignal): AsyncIterable<CommandStreamMessage>;
  /** Waits; ends early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

/** Changes of commands from now on. The hub keeps how each stands and not how it came there: what changes while nobody listens is not told. */
export function followCommands({ signal, connect, pause, now }: FollowCommandsOptions): AsyncGenerator<FollowEvent<CommandChange>> {
  let count = 0;
  return follow<CommandChange>({
    signal,
    connect: (given) => messagesOf(connect(given)),
    stored: { opened: () => null, seen: () => undefined, lost: () => undefined },
    // Each is told once.
    keyOf: () => String(++count),
    timeOf: ({ time }) => time,
    backAgain: 'What changed meanwhile is not shown: `muster command list` has how each stands.',
    pause,
    now,
  });
}

async function* messagesOf(messages: AsyncIterable<CommandStreamMessage>): AsyncGenerator<FollowMessage<CommandChange>> {
  for await (const message of messages) yield message.type === 'changes' ? { type: 'items', items: message.changes } : message;
}
