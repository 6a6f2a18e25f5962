import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { MusterError } from '../errors/muster-error.ts';
import { notMuster } from './failures.ts';
import { normalizeHubUrl, queryText } from './hub-url.ts';
import { pagesOf } from './pages.ts';
import { createTransport } from './transport.ts';

export interface RequestOptions {
  /** Lists repeat their name; null and undefined are left out. */
  readonly query?: object | undefined;
  /** Text and bytes are sent as they are (say what they are in `headers`), anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface StreamedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Fails when the body is cut. */
  readonly body: Readable;
}

export interface ListOptions {
  /** Rows over all pages; absent: all there are. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal;
}

/** Paging is the client's business: lists take the filters alone. */
export type Filters<Query> = Omit<Query, 'limit' | 'cursor'>;

/** What every resource speaks through. Each method throws a MusterError with the catalogue's code; `path` is below /api/v1 and already encoded. */
export interface Connection {
  readonly url: string;
  readonly project: string | null;
  readonly timeoutMs: number;
  /** For every request that brings none of its own. */
  readonly signal: AbortSignal | null;
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** For large answers: the body as it flows. `timeoutMs` is for its head, then for each pause. */
  stream(method: string, path: string, options?: RequestOptions): Promise<StreamedAnswer>;
  /** All items of a list, page after page. */
  pages<T>(path: string, query?: object, options?: ListOptions): AsyncGenerator<T>;
  /** A stream's messages. Ends when `signal` aborts or after a `bye`; throws `unreachable` when the connection is lost. */
  live<Message extends { readonly type: string }>(path: string, query: object, signal: AbortSignal): AsyncGenerator<Message>;
  /** Ends the kept connections. A process ends without it too. */
  close(): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly token: string | null;
  /** The hub refuses when the token is of another. */
  readonly project?: string | null;
  readonly timeoutMs?: number;
  /** PEM file of the CA that signed the hub's certificate. */
  readonly ca?: string | null;
  /** For every request that brings no signal of its own. */
  readonly signal?: AbortSignal;
  /** An answer may lack samples; why. Told once for each reason. */
  readonly onIncomplete?: (why: string) => void;
}

export const TIMEOUT_MS = 30_000;

export function createConnection(options: ConnectionOptions): Connection {
  const url = normalizeHubUrl(options.url);
  const ca = options.ca ?? null;
  const project = options.project ?? null;
  const transport = createTransport({ url, token: options.token, project, ca });
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const signal = options.signal ?? null;
  const told = new Set<string>();

  async function request<T>(method: string, path: string, given: RequestOptions = {}): Promise<T> {
    const { body, headers } = encodeBody(given.body, given.headers);
    const { status, contentType, body: text, headers: received } = await transport.exchange({ ...outgoing(method, path, given, headers), body });
    tellIncomplete(received);
    if (status === 204 || text === '') return undefined as T;
    if (!contentType.includes('json')) throw notMuster(url, status, contentType);
    try {
      return JSON.parse(text) as T;
    } catch (error: unknown) {
      throw new MusterError('unreachable', `The answer of ${url} is not JSON, though it says so.`, {
        cause: error,
        hint: 'Check the URL: host, port and path.',
      });
    }
  }

  function tellIncomplete(headers: IncomingHttpHeaders): void {
    const why = headers['muster-incomplete'];
    if (typeof why !== 'string' || told.has(why)) return;
    told.add(why);
    options.onIncomplete?.(why);
  }

  function outgoing(method: string, path: string, given: RequestOptions, headers: Readonly<Record<string, string>>) {
    return {
      method,
      path: `/api/v1${path}${queryText(given.query)}`,
      headers,
      body: null,
      signal: given.signal ?? signal,
      timeoutMs: given.timeoutMs ?? timeoutMs,
    };
  }

  async function stream(method: string, path: string, given: RequestOptions = {}): Promise<StreamedAnswer> {
    const { body, headers } = encodeBody(given.body, given.headers);
    const answer = await transport.open({ ...outgoing(method, path, given, headers), body });
    tellIncomplete(answer.headers);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer };
  }

  const pages = <T>(path: string, query: object = {}, list: ListOptions = {}): AsyncGenerator<T> =>
    pagesOf<T>((page) => request('GET', path, { query: { ...query, ...page }, ...(list.signal ? { signal: list.signal } : {}) }), list.limit);

  async function* live<Message extends { readonly type: string }>(path: string, query: object, until: AbortSignal): AsyncGenerator<Message> {
    const { liveMessages } = await import('./live.ts');
    yield* liveMessages<Message>({ url, token: options.token, project, ca, path: `/api/v1${path}${queryText(query)}`, timeoutMs, signal: until });
  }

  return { url, project, timeoutMs, signal, request, stream, pages, live, close: () => transport.close() };
}

function encodeBody(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): { body: string | Uint8Array | null; headers: Readonly<Record<string, string>> } {
  if (body === undefined) return { body: null, headers };
  if (typeof body === 'string' || body instanceof Uint8Array) return { body, headers };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}
