import { cutText } from '../../domain/cut-text.ts';
import type { Notification } from '../channel.ts';
import type { EmailConfig } from './config.ts';

const SUBJECT_LENGTH = 200;

/** One message of plain text. Receivers know a repeated one by its Message-ID, which comes from the delivery alone. */
export function composeMail(notification: Notification, { from, fromName }: EmailConfig) {
  const { delivery, severity, title, text, project, test, createdAt } = notification;
  const subject = cutText(`[${test ? 'test' : severity}] ${title}`.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim(), SUBJECT_LENGTH);
  return {
    messageId: `<${delivery}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    date: new Date(createdAt),
    from: { address: from, name: fromName },
    subject,
    text,
    headers: {
      // RFC 3834: no out-of-office answers to this one.
      'Auto-Submitted': 'auto-generated',
      'X-Muster-Delivery': delivery,
      'X-Muster-Project': project.replaceAll(/[^\x21-\x7e]/g, '_'),
      'X-Muster-Severity': severity,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
