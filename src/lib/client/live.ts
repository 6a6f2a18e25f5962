import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { MusterError } from '../errors/muster-error.ts';
import { answerError, connectionError } from './failures.ts';
import { identity } from './transport.ts';

export interface LiveOptions {
  readonly url: string;
  readonly token: string | null;
  readonly project: string | null;
  readonly ca: string | null;
  readonly path: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Above it the socket is not read: then the hub notices, drops and reports a gap. */
const QUEUE_MESSAGES_MAX = 256;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const PING_MS = 15_000;

interface AnyMessage {
  readonly type: string;
}

/** A stream's messages. Connecting again is the caller's decision. */
export async function* liveMessages<Message extends AnyMessage>(options: LiveOptions): AsyncGenerator<Message> {
  if (options.signal.aborted) return;
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(options.url.replace(/^http/, 'ws') + options.path, {
    headers: identity(options),
    handshakeTimeout: options.timeoutMs,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    ...(options.ca === null ? {} : { ca: await readFile(options.ca) }),
  });
  const inbox = new Inbox<Message>(socket, options);
  try {
    for (;;) {
      const message = await inbox.next();
      if (message === null) return;
      yield message;
      if (message.type === 'bye') return;
    }
  } finally {
    inbox.close();
  }
}

/** Messages between the socket, which pushes, and the reader, who pulls. */
class Inbox<Message extends AnyMessage> {
  readonly #queue: Message[] = [];
  readonly #socket: WebSocket;
  readonly #options: LiveOptions;
  readonly #pinger: NodeJS.Timeout;
  #ended: { readonly error: MusterError | null } | null = null;
  #heard = true;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket, options: LiveOptions) {
    this.#socket = socket;
    this.#options = options;
    options.signal.addEventListener('abort', this.#aborted, { once: true });
    socket.on('message', (data) => this.#receive(data.toString()));
    socket.on('pong', () => {
      this.#heard = true;
    });
    socket.on('unexpected-response', (_request, answer) => this.#refused(answer));
    socket.on('error', (error) => this.#end(failedToOpen(options, error)));
    socket.on('close', (code, reason) => this.#end(lost(options.url, code, reason.toString())));
    // On a bad link a connection can be dead without either side being told.
    this.#pinger = setInterval(() => this.#ping(), PING_MS);
  }

  async next(): Promise<Message | null> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) {
        if (this.#socket.isPaused && this.#queue.length < QUEUE_MESSAGES_MAX / 2) this.#socket.resume();
        return message;
      }
      if (this.#ended?.error) throw this.#ended.error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#end(null);
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(1000);
    const kill = setTimeout(() => this.#socket.terminate(), 1000);
    this.#socket.once('close', () => clearTimeout(kill));
    if (this.#socket.readyState === this.#socket.CONNECTING) this.#socket.terminate();
    if (this.#socket.readyState === this.#socket.CLOSED) clearTimeout(kill);
    this.#socket.resume();
  }

  #receive(text: string): void {
    if (this.#ended) return;
    this.#heard = true;
    try {
      this.#queue.push(JSON.parse(text) as Message);
    } catch (error: unknown) {
      this.#end(new MusterError('unreachable', 'The stream sent something that is not JSON.', { cause: error, hint: 'Check the URL of the hub.' }));
    }
    if (this.#queue.length >= QUEUE_MESSAGES_MAX) this.#socket.pause();
    this.#wake();
  }

  #ping(): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#socket.isPaused) return;
    if (!this.#heard) {
      this.#end(new MusterError('timed_out', `The stream of ${this.#options.url} is silent; the connection is taken for lost.`));
      this.#socket.terminate();
      return;
    }
    this.#heard = false;
    this.#socket.ping();
  }

  #refused(answer: IncomingMessage): void {
    let body = '';
    answer.on('data', (chunk: Buffer) => {
      if (body.length < 65_536) body += chunk.toString();
    });
    answer.on('close', () => {
      this.#end(answerError(this.#options.url, answer.statusCode ?? 0, answer.headers['content-type'] ?? '', body));
      this.#socket.terminate();
    });
  }

  readonly #aborted = (): void => {
    this.#queue.length = 0;
    this.#end(null);
  };

  #end(error: MusterError | null): void {
    if (this.#ended) return;
    this.#ended = { error };
    clearInterval(this.#pinger);
    this.#options.signal.removeEventListener('abort', this.#aborted);
    this.#wake();
  }
}

/** A hub that takes the connection and says nothing is there, but too slow: as for any other request. */
function failedToOpen({ url, timeoutMs }: LiveOptions, error: Error): MusterError {
  if (!/handshake has timed out/.test(error.message)) return connectionError(url, error);
  return new MusterError('timed_out', `The hub at ${url} did not answer within ${timeoutMs / 1000} s.`, {
    cause: error,
    hint: 'Try again, or raise --timeout.',
  });
}

function lost(url: string, code: number, reason: string): MusterError {
  return new MusterError('unreachable', `The stream of ${url} was cut${reason ? `: ${reason}` : ''}.`, { details: { url, code } });
}
