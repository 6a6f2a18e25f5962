import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { MusterError } from '../errors/muster-error.ts';
import { answerError, connectionError } from './failures.ts';

export interface TransportOptions {
  readonly url: string;
  readonly token: string | null;
  /** The hub refuses when the token is of another project. */
  readonly project: string | null;
  /** PEM file of the CA that signed the hub's certificate. */
  readonly ca: string | null;
}

export interface Outgoing {
  readonly method: string;
  /** Below the hub's URL, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal | null;
  /** For the whole answer, or for its head and then each pause in its body (`stream`). */
  readonly timeoutMs: number;
}

/** Bounds what a broken or hostile server can make a command hold. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const PROBLEM_BYTES_MAX = 256 * 1024;

export interface Transport {
  /** The whole answer; throws for 400 and above. */
  exchange(outgoing: Outgoing): Promise<{ status: number; contentType: string; body: string; headers: IncomingHttpHeaders }>;
  /** The answer as it flows; throws for 400 and above. */
  open(outgoing: Outgoing): Promise<IncomingMessage>;
  close(): void;
}

export function createTransport(options: TransportOptions): Transport {
  const { url } = options;
  const secure = url.startsWith('https:');
  let agent: HttpAgent | HttpsAgent | undefined;

  async function start(outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
    const https = secure ? await import('node:https') : undefined;
    agent ??= https ? new https.Agent({ keepAlive: true, maxSockets: 64, ...readCa(options.ca) }) : new HttpAgent({ keepAlive: true, maxSockets: 64 });
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'muster', ...identity(options), ...outgoing.headers };
    if (outgoing.body !== null) headers['content-length'] = String(Buffer.byteLength(outgoing.body));
    return new Promise((resolve, reject) => {
      const request = (https ? https.request : httpRequest)(url + outgoing.path, { method: outgoing.method, headers, agent, signal });
      request.once('response', resolve);
      request.once('error', (error) => {
        // The hub closed an idle connection just as it was used again: nothing was processed, so ask once more.
        const again = request.reusedSocket && outgoing.method === 'GET' && 'code' in error && error.code === 'ECONNRESET' && !signal.aborted;
        if (again) start(outgoing, signal).then(resolve, reject);
        else reject(error);
      });
      request.end(outgoing.body ?? undefined);
    });
  }

  function explain(error: unknown, outgoing: Outgoing, timer: Timer): MusterError {
    if (timer.expired) {
      return new MusterError('timed_out', `The hub at ${url} did not answer within ${outgoing.timeoutMs / 1000} s.`, {
        cause: error,
        details: { url, timeoutMs: outgoing.timeoutMs },
      });
    }
    if (outgoing.signal?.aborted) return new MusterError('interrupted', 'Interrupted.', { cause: error });
    return connectionError(url, error);
  }

  return {
    async exchange(outgoing) {
      const timer = new Timer(outgoing);
      try {
        const answer = await start(outgoing, timer.signal);
        const status = answer.statusCode ?? 0;
        const contentType = answer.headers['content-type'] ?? '';
        const body = await readBody(answer, status >= 400 ? PROBLEM_BYTES_MAX : ANSWER_BYTES_MAX, url);
        if (status >= 300) throw failure(url, answer, body);
        return { status, contentType, body, headers: answer.headers };
      } catch (error: unknown) {
        throw explain(error, outgoing, timer);
      } finally {
        timer.clear();
      }
    },

    async open(outgoing) {
      const timer = new Timer(outgoing);
      try {
        const answer = await start(outgoing, timer.signal);
        if ((answer.statusCode ?? 0) >= 300) throw failure(url, answer, await readBody(answer, PROBLEM_BYTES_MAX, url));
        timer.stopClock();
        answer.setTimeout(outgoing.timeoutMs, () => {
          answer.destroy(new MusterError('timed_out', `The hub at ${url} sent nothing for ${outgoing.timeoutMs / 1000} s.`, { details: { url } }));
        });
        answer.once('close', () => timer.clear());
        return answer;
      } catch (error: unknown) {
        timer.clear();
        throw explain(error, outgoing, timer);
      }
    },

    close() {
      agent?.destroy();
    },
  };
}

function failure(url: string, answer: IncomingMessage, body: string): MusterError {
  const status = answer.statusCode ?? 0;
  if (status < 400) {
    return new MusterError('unreachable', `${url} sends us on to ${answer.headers.location ?? 'another address'}.`, {
      hint: 'Use that address as the URL of the hub.',
      details: { url, status },
    });
  }
  return answerError(url, status, answer.headers['content-type'] ?? '', body);
}

async function readBody(answer: IncomingMessage, bytesMax: number, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      answer.destroy();
      throw new MusterError('payload_too_large', `The answer of ${url} is larger than ${bytesMax} bytes.`, {
        hint: 'Ask for less at once, or check the URL.',
        details: { url },
      });
    }
    chunks.push(chunk);
  }
  if (!answer.complete) throw Object.assign(new Error('the answer was cut'), { code: 'ECONNRESET' });
  return Buffer.concat(chunks).toString('utf8');
}

function readCa(file: string | null): { ca?: string } {
  if (file === null) return {};
  try {
    return { ca: readFileSync(file, 'utf8') };
  } catch (error: unknown) {
    throw new MusterError('usage', `The CA file ${file} cannot be read.`, { cause: error, hint: 'Correct it with `muster context add --ca FILE`.' });
  }
}

/** Who asks, and for which project. */
export function identity(options: Pick<TransportOptions, 'token' | 'project'>): Record<string, string> {
  return {
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
    ...(options.project === null ? {} : { 'muster-project': options.project }),
  };
}

/** The caller's signal and our deadline as one signal. */
class Timer {
  readonly signal: AbortSignal;
  expired = false;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | null;
  readonly #clock: NodeJS.Timeout;

  constructor(outgoing: Outgoing) {
    this.signal = this.#controller.signal;
    this.#outer = outgoing.signal;
    this.#clock = setTimeout(() => {
      this.expired = true;
      this.#controller.abort();
    }, outgoing.timeoutMs);
    if (this.#outer?.aborted) this.#abort();
    this.#outer?.addEventListener('abort', this.#abort, { once: true });
  }

  stopClock(): void {
    clearTimeout(this.#clock);
  }

  clear(): void {
    this.stopClock();
    this.#outer?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort();
}
