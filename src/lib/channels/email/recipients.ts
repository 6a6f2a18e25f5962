import { ChannelError } from '../channel.ts';
import { isRetryable, replyLine } from './smtp-failure.ts';

/** One receiver that the server did not take while it took others. */
export interface RefusedRecipient {
  readonly address: string;
  readonly code: number;
  readonly reply: string;
}

/** Deliveries of which some receivers are still to come; the oldest is forgotten beyond this. */
const REMEMBERED_MAX = 1_000;

/** Who has a message already, so that another attempt for the others does not tell them twice. */
export function createRecipients(all: readonly string[]) {
  const waiting = new Map<string, readonly string[]>();
  return {
    left: (delivery: string): readonly string[] => waiting.get(delivery) ?? all,

    /** The server took the message for at least one of `to`. Throws ChannelError when another attempt may reach more of them. */
    settle(delivery: string, to: readonly string[], refused: readonly RefusedRecipient[], response: string): string {
      const later = refused.filter(({ code }) => isRetryable(code)).map(({ address }) => address);
      const [first] = refused;
      if (later.length === 0 || first === undefined) {
        waiting.delete(delivery);
        const said = replyLine(response);
        return first === undefined ? said : `${said}; not for ${refused.map(({ address, reply }) => `${address} (${replyLine(reply)})`).join(', ')}`;
      }
      waiting.delete(delivery);
      waiting.set(
        delivery,
        to.filter((address) => later.includes(address)),
      );
      const [oldest] = waiting.keys();
      if (waiting.size > REMEMBERED_MAX && oldest !== undefined) waiting.delete(oldest);
      throw new ChannelError(`the mail server took it for some, and not yet for ${later.join(', ')}: ${replyLine(first.reply)}`, true);
    },
  };
}
