import { connect, type Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import type { SMTPTransportGetSocketCallback } from 'nodemailer/lib/smtp-transport';
import { ChannelError, type ChannelSender, type ChannelSurroundings } from '../channel.ts';
import { guardedLookup, refuseAddress } from '../guarded-lookup.ts';
import { composeMail } from './compose-mail.ts';
import type { EmailConfig } from './config.ts';
import { createRecipients, type RefusedRecipient } from './recipients.ts';
import { smtpFailure } from './smtp-failure.ts';

const PORTS = { starttls: 587, tls: 465, none: 25 } as const;
const IDLE_MS = 30_000;

/** One connection at a time, kept for a while after a message. */
export function createEmailSender(config: EmailConfig, { targets }: ChannelSurroundings): ChannelSender {
  const { host, security, user, password, timeoutMs, ca } = config;
  const port = config.port ?? PORTS[security];
  const recipients = createRecipients(config.to);
  const transport = createTransport({
    pool: true,
    maxConnections: 1,
    maxRequeues: 0,
    idleTimeout: IDLE_MS,
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    // The pool would let a hanging server hold the one connection for minutes.
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: Math.max(timeoutMs, IDLE_MS + 1_000),
    maxResponseSize: 65_536,
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
    ...(user === undefined || password === undefined ? {} : { auth: { user, pass: password } }),
    disableFileAccess: true,
    disableUrlAccess: true,
    // nodemailer would resolve the name by itself, and connect to whatever it is.
    getSocket(_options: unknown, callback: SMTPTransportGetSocketCallback) {
      dial().then(
        (connection) => callback(null, { connection }),
        (error: Error) => callback(error, false),
      );
    },
  });
  // A kept connection that the server closed: the next message opens another.
  transport.on('error', () => undefined);

  function dial(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      refuseAddress(host, targets);
      const socket = connect({ host, port, lookup: guardedLookup(targets), noDelay: true });
      const timer = setTimeout(() => socket.destroy(new ChannelError(`${host}:${port} did not answer within ${timeoutMs} ms`, true)), timeoutMs);
      const failed = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', failed);
        resolve(socket);
      });
    });
  }

  return {
    async send(notification, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const to = recipients.left(notification.delivery);
      const mail = { ...composeMail(notification, config), to: to.map((address) => ({ address, name: '' })), signal: AbortSignal.any([signal, timeout]) };
      let refused: readonly RefusedRecipient[];
      let response: string;
      try {
        const sent = await transport.sendMail(mail);
        refused = (sent.rejectedErrors ?? []).map((error) => ({ address: error.recipient ?? '', code: error.responseCode ?? 0, reply: error.response ?? '' }));
        response = sent.response;
      } catch (error: unknown) {
        throw smtpFailure(error, { timedOut: timeout.aborted && !signal.aborted, timeoutMs, at: `${host}:${port}` });
      }
      return recipients.settle(notification.delivery, to, refused, response);
    },
    async stop() {
      transport.close();
    },
  };
}
