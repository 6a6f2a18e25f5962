import { channelKind } from '../channel.ts';
import { type EmailConfig, EmailSchema } from './config.ts';

export const email = channelKind<EmailConfig>({
  name: 'email',
  summary: 'Plain text over SMTP',
  schema: EmailSchema,
  secrets: ['password'],
  sentTo: { password: ['host', 'port', 'security', 'ca'] },
  example: { host: 'smtp.example.com', from: 'muster@example.com', to: ['ops@example.com'] },
  concurrency: 1,
  load: async () => (await import('./email-sender.ts')).createEmailSender,
});
