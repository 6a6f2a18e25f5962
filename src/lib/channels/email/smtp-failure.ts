import { ChannelError } from '../channel.ts';

const REPLY_LENGTH = 300;

/** What an error of nodemailer has besides its message. */
interface SmtpError {
  readonly message: string;
  readonly code?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly cause?: unknown;
}

/** RFC 5321 section 4.2.1: 4yz may succeed later (greylisting, a full mailbox), 5yz will not. 0: it said nothing, as of a broken connection. */
export function isRetryable(replyCode: number): boolean {
  return replyCode < 500;
}

/** A reply as one line. */
export function replyLine(reply: string): string {
  return reply
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, REPLY_LENGTH);
}

export function smtpFailure(error: unknown, context: { readonly timedOut: boolean; readonly timeoutMs: number; readonly at: string }): ChannelError {
  if (error instanceof ChannelError) return error;
  const { message, code, response, responseCode = 0 } = error as SmtpError;
  if (context.timedOut) return new ChannelError(`${context.at} did not take the message within ${context.timeoutMs} ms`, true, null, error);
  const said = response ? `: ${replyLine(response)}` : '';
  if (code === 'EAUTH')
    return new ChannelError(
      `${context.at} did not let the user in${said || `: ${replyLine(message)}`}`,
      isRetryable(responseCode) && responseCode > 0,
      null,
      error,
    );
  if (responseCode > 0) return new ChannelError(`${context.at} refused the message${said}`, isRetryable(responseCode), null, error);
  return new ChannelError(`${context.at}: ${replyLine(message)}`, true, null, error);
}
