import { type Command, isSettled } from '../domain/command.ts';
import type { Answer } from './control.ts';

/** What happens to a command. Times in ms since 1970. */
export type CommandInput =
  /** Written to a connection of the device. */
  | { readonly kind: 'sent'; readonly at: number }
  /** The device's client has it. */
  | { readonly kind: 'delivered'; readonly at: number }
  /** The connection ended before its client said that it has it. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'answered'; readonly answer: Omit<Answer, 'id'>; readonly at: number }
  | { readonly kind: 'expired'; readonly at: number }
  | { readonly kind: 'cancelled'; readonly reason: string; readonly at: number };

/**
 * queued - sent - delivered - applied or rejected, and back from sent to queued; from each of the first three to expired or cancelled. What is settled stays so.
 * null: nothing changes.
 */
export function transition(command: Command, input: CommandInput): Command | null {
  const { state } = command;
  if (isSettled(state)) return input.kind === 'answered' ? withLateAnswer(command, input.answer) : null;
  switch (input.kind) {
    case 'sent':
      return state === 'queued' ? { ...command, state: 'sent', sentAt: input.at } : null;
    case 'delivered':
      return state === 'delivered' ? null : { ...command, state: 'delivered', sentAt: command.sentAt ?? input.at, deliveredAt: input.at };
    case 'lost':
      return state === 'sent' ? { ...command, state: 'queued' } : null;
    case 'answered': {
      const { at, answer } = input;
      // Whoever answers has it, whether its acknowledgement came or not.
      return { ...command, ...answer, sentAt: command.sentAt ?? at, deliveredAt: command.deliveredAt ?? at, settledAt: at };
    }
    case 'expired':
      return { ...command, state: 'expired', reason: expiryReason(command), settledAt: input.at };
    case 'cancelled':
      return { ...command, state: 'cancelled', reason: input.reason, settledAt: input.at };
  }
}

function withLateAnswer(command: Command, { state, result }: Omit<Answer, 'id'>): Command | null {
  if (command.lateAnswer !== null || (command.state !== 'expired' && command.state !== 'cancelled')) return null;
  return { ...command, lateAnswer: state, result };
}

function expiryReason({ state, sentAt }: Command): string {
  if (state === 'delivered') return 'the device has it, and did not answer in time';
  if (state === 'sent') return 'the device did not acknowledge it in time';
  return sentAt === null
    ? 'the device was not there in time'
    : 'the connection was lost before the device acknowledged it, and the device did not come back in time';
}
