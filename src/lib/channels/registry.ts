import type { ChannelDefinition } from './channel.ts';
import { email } from './email/definition.ts';
import { webhook } from './webhook/definition.ts';

/** The kinds of channels. */
export const CHANNELS: readonly ChannelDefinition[] = [webhook, email];

export function channelDefinition(kind: string): ChannelDefinition | undefined {
  return CHANNELS.find(({ name }) => name === kind);
}
