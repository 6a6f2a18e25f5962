import { ChannelError, type ChannelSender, type ChannelSurroundings } from '../channels/channel.ts';
import { createRedactor } from '../channels/redact.ts';
import { channelDefinition } from '../channels/registry.ts';
import type { Channel } from '../domain/notification.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { ChannelLine } from './channel-queue.ts';

const UNKNOWN = { ratePerMinute: 1, burst: 1, concurrency: 1 } as const;

/** A stored channel, ready to send. One that this release cannot read waits, as if its receiver were down: another release or an update mends it. */
export function createChannelLine(channel: Channel, surroundings: ChannelSurroundings): ChannelLine {
  const definition = channelDefinition(channel.kind);
  const parsed = definition?.schema.safeParse(channel.config);
  let made: Promise<ChannelSender> | null = null;
  const stop = async (): Promise<void> => {
    const sender = await made?.catch(() => null);
    await sender?.stop();
  };
  if (definition === undefined || parsed?.success !== true) {
    const [issue] = parsed?.error?.issues ?? [];
    const why =
      definition === undefined
        ? `the hub knows no kind of channel ${channel.kind}`
        : `its configuration cannot be read: ${issue?.path.join('.')} ${issue?.message}`;
    return { channel, ...UNKNOWN, sender: () => Promise.reject(new ChannelError(why, true)), stop };
  }
  const { ratePerMinute, burst } = parsed.data;
  return {
    channel,
    ratePerMinute,
    burst,
    concurrency: definition.concurrency,
    sender() {
      made ??= definition.load().then((create) => discreet(create(parsed.data, surroundings), createRedactor(parsed.data, definition.secrets)));
      return made;
    },
    stop,
  };
}

/** What a receiver says may repeat what it was sent. */
function discreet(sender: ChannelSender, redact: (text: string) => string): ChannelSender {
  return {
    async send(notification, signal) {
      try {
        return redact(await sender.send(notification, signal));
      } catch (error: unknown) {
        const { retryable, retryAfterMs } = error instanceof ChannelError ? error : { retryable: true, retryAfterMs: null };
        throw new ChannelError(redact(messageOf(error)), retryable, retryAfterMs);
      }
    },
    stop: () => sender.stop(),
  };
}
