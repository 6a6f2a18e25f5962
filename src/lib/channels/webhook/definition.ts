import { randomBytes } from 'node:crypto';
import { channelKind } from '../channel.ts';
import { SECRET_PREFIX, type WebhookConfig, WebhookSchema } from './config.ts';

export const webhook = channelKind<WebhookConfig>({
  name: 'webhook',
  summary: 'POST as signed JSON to a URL',
  schema: WebhookSchema,
  secrets: ['secret', 'secretUrl', 'secretHeaders'],
  generate: { secret: () => `${SECRET_PREFIX}${randomBytes(32).toString('base64')}` },
  // The key of the signature is never sent.
  sentTo: { secretHeaders: ['url', 'secretUrl', 'ca'] },
  example: { url: 'https://alarms.example.com/muster', headers: { 'X-Team': 'heating' } },
  concurrency: 4,
  load: async () => (await import('./webhook-sender.ts')).createWebhookSender,
});
