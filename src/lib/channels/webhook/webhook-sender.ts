import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { wellFormed } from '../../domain/cut-text.ts';
import { ChannelError, type ChannelSender, type ChannelSurroundings } from '../channel.ts';
import { guardedLookup, refuseAddress } from '../guarded-lookup.ts';
import { secretBytes, type WebhookConfig } from './config.ts';
import { retryAfterMs } from './retry-after.ts';
import { signatureHeaders } from './sign.ts';

/** Of an answer, so much is read, for so long; what it says of an error is cut to a line. */
const ANSWER_BYTES_MAX = 65_536;
const ANSWER_MS_MAX = 5_000;
const HEAD_LENGTH = 200;
const IDLE_MS = 30_000;
const CONNECTIONS_MAX = 16;

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage['headers'];
  /** The beginning of the body, of an error alone. */
  readonly head: string;
}

export function createWebhookSender(config: WebhookConfig, { targets, clock }: ChannelSurroundings): ChannelSender {
  const url = new URL(config.url ?? config.secretUrl ?? '');
  const key = secretBytes(config.secret);
  const secure = url.protocol === 'https:';
  // The timeout ends free connections alone; one in use has the time of its attempt.
  const connecting = { keepAlive: true, timeout: IDLE_MS, maxSockets: CONNECTIONS_MAX, lookup: guardedLookup(targets) };
  const agent = secure
    ? new HttpsAgent({ ...connecting, minVersion: 'TLSv1.2', ...(config.ca === undefined ? {} : { ca: [...rootCertificates, config.ca] }) })
    : new HttpAgent(connecting);

  function post(body: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(url, { method: 'POST', agent, signal, headers, maxHeaderSize: 16_384 });
      // Not once: a second one without a listener would end the hub.
      let failed = false;
      request.on('error', (error) => {
        if (failed) return;
        failed = true;
        // The other side closed the kept connection as this went out: a new one decides. A second time it is as for anybody.
        const stale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && !signal.aborted;
        if (stale) post(body, headers, signal).then(resolve, reject);
        else reject(error);
      });
      request.once('response', (response) => {
        const { statusCode: status = 0, statusMessage: reason = '' } = response;
        const answer = { status, reason, headers: response.headers };
        // The status line says that it was taken. What follows can only delay that.
        if (status >= 200 && status < 300) resolve({ ...answer, head: '' });
        readHead(response).then((head) => resolve({ ...answer, head }));
      });
      request.end(body);
    });
  }

  return {
    async send(notification, signal) {
      refuseAddress(url.hostname, targets);
      const body = JSON.stringify(notification, (_, value: unknown) => (typeof value === 'string' ? wellFormed(value) : value));
      const headers = {
        ...config.headers,
        ...config.secretHeaders,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'muster',
        'idempotency-key': notification.delivery,
        ...signatureHeaders(key, notification.delivery, clock(), body),
      };
      const timeout = AbortSignal.timeout(config.timeoutMs);
      try {
        return verdict(await post(body, headers, AbortSignal.any([signal, timeout])), clock());
      } catch (error: unknown) {
        throw failure(error, { timedOut: timeout.aborted && !signal.aborted, timeoutMs: config.timeoutMs, host: url.host });
      }
    },
    async stop() {
      agent.destroy();
    },
  };
}

/** The beginning of a body as one line. Never rejects: what cannot be read ends there. Whatever is longer or slower is cut with its connection. */
function readHead(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(timer);
      resolve(oneLine(Buffer.concat(chunks).toString('utf8')));
    };
    const timer = setTimeout(() => response.destroy(), ANSWER_MS_MAX);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
      else response.destroy();
    });
    response.once('close', end);
    response.on('error', end);
  });
}

function oneLine(text: string): string {
  return text
    .slice(0, HEAD_LENGTH * 2)
    .replaceAll(/[\s\p{Cc}\ufffd]+/gu, ' ')
    .trim()
    .slice(0, HEAD_LENGTH);
}

function verdict({ status, reason, headers, head }: Answer, now: number): string {
  const said = `${status} ${oneLine(reason)}`.trim();
  if (status >= 200 && status < 300) return said;
  if (status >= 300 && status < 400) throw new ChannelError(`the receiver answered ${said}: redirects are not followed, give the final URL`, false);
  const retryable = status === 408 || status === 429 || status >= 500;
  throw new ChannelError(
    `the receiver answered ${said}${head === '' ? '' : `: ${head}`}`,
    retryable,
    retryable ? retryAfterMs(headers['retry-after'], now) : null,
  );
}

function failure(error: unknown, context: { readonly timedOut: boolean; readonly timeoutMs: number; readonly host: string }): ChannelError {
  if (error instanceof ChannelError) return error;
  if (context.timedOut) return new ChannelError(`${context.host} did not answer within ${context.timeoutMs} ms`, true, null, error);
  const { code, message } = error as NodeJS.ErrnoException;
  // Several addresses were tried: the message of the sum is empty.
  const words = message === '' && error instanceof AggregateError ? String((error.errors[0] as Error | undefined)?.message) : message;
  return new ChannelError(`${context.host}: ${words || code || 'the connection failed'}`, true, null, error);
}
