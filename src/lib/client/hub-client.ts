import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { LoginResponse, Project, Token, TokenCreate, TokenCreated, User, UserCreate, UserCreated, UserUpdate, Whoami } from '../api/schema/access.ts';
import type { Alarm, AlarmActionResults, AlarmActions, AlarmDetail, AlarmFilter, AlarmQuery, AlarmStats, AlarmStatsQuery } from '../api/schema/alarms.ts';
import type { BacktestProgress, BacktestRequest, BacktestResult } from '../api/schema/backtests.ts';
import type { EventItem, EventQuery, EventStreamMessage, EventStreamQuery } from '../api/schema/events.ts';
import type {
  Credential,
  CredentialCreate,
  CredentialCreated,
  Device,
  DeviceCreate,
  DeviceCreated,
  DeviceQuery,
  DeviceType,
  DeviceTypeCreate,
  DeviceTypeUpdate,
  DeviceUpdate,
  Point,
  PointQuery,
  PointUpdate,
  Reject,
} from '../api/schema/fleet.ts';
import type {
  Channel,
  ChannelCreate,
  ChannelCreated,
  ChannelTest,
  ChannelUpdate,
  Delivery,
  DeliveryQuery,
  Route,
  RouteCreate,
  RouteTest,
  RouteTested,
  RouteUpdate,
} from '../api/schema/notifications.ts';
import type {
  DeviceRules,
  DeviceRulesQuery,
  EdgeReport,
  EdgeReported,
  EdgeRules,
  Maintenance,
  MaintenanceCreate,
  Rule,
  RuleCheck,
  RuleDocument,
  RuleExplained,
  RuleQuery,
  RuleShown,
  RuleSubject,
} from '../api/schema/rules.ts';
import type {
  AggregateQuery,
  AggregateResult,
  CountQuery,
  CountResult,
  DownsampleQuery,
  DownsampleResult,
  ReportResult,
  SampleItem,
  SamplesQuery,
  StreamMessage,
  StreamQuery,
} from '../api/schema/samples.ts';
import type { CompactRequest, CompactResult, RetentionState, RetentionUpdate, StorageStats, VerifyResult } from '../api/schema/storage.ts';
import { MusterError } from '../errors/muster-error.ts';
import { notMuster } from './failures.ts';
import { encodeLevels, normalizeHubUrl, queryText } from './hub-url.ts';
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

/** Paging is the client's business: these take the filters alone. */
type Filters<Query> = Omit<Query, 'limit' | 'cursor'>;

/** A hub's API. Every method throws a MusterError with the catalogue's code. */
export interface HubClient {
  readonly url: string;
  readonly project: string | null;
  /** `path` is below /api/v1 and already encoded. */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** For large answers: the body as it flows. `timeoutMs` is for its head, then for each pause. */
  stream(method: string, path: string, options?: RequestOptions): Promise<StreamedAnswer>;
  /** All items of a list, page after page. */
  pages<T>(path: string, query?: object, options?: ListOptions): AsyncGenerator<T>;
  /** Samples as they are stored. Ends when `signal` aborts or after a `bye`; throws `unreachable` when the connection is lost. */
  live(query: StreamQuery, signal: AbortSignal): AsyncGenerator<StreamMessage>;

  time(): Promise<{ time: number }>;
  whoami(): Promise<Whoami>;
  readonly sessions: { create(user: string, password: string): Promise<LoginResponse>; end(): Promise<void> };
  readonly projects: { list(options?: ListOptions): AsyncGenerator<Project> };
  readonly tokens: { list(options?: ListOptions): AsyncGenerator<Token>; create(token: TokenCreate): Promise<TokenCreated>; revoke(id: string): Promise<void> };
  readonly users: {
    list(options?: ListOptions): AsyncGenerator<User>;
    create(user: UserCreate): Promise<UserCreated>;
    update(name: string, change: UserUpdate): Promise<User>;
    remove(name: string): Promise<void>;
  };
  readonly types: {
    list(options?: ListOptions): AsyncGenerator<DeviceType>;
    create(type: DeviceTypeCreate): Promise<DeviceType>;
    show(id: string): Promise<DeviceType>;
    update(id: string, change: DeviceTypeUpdate): Promise<DeviceType>;
    delete(id: string): Promise<void>;
  };
  readonly devices: {
    list(filters?: Filters<DeviceQuery>, options?: ListOptions): AsyncGenerator<Device>;
    create(device: DeviceCreate): Promise<DeviceCreated>;
    show(id: string): Promise<Device>;
    update(id: string, change: DeviceUpdate): Promise<Device>;
    delete(id: string): Promise<void>;
    credentials(id: string, options?: ListOptions): AsyncGenerator<Credential>;
    addCredential(id: string, credential: CredentialCreate): Promise<CredentialCreated>;
    removeCredential(id: string, credentialId: string): Promise<void>;
    rejects(id: string, options?: ListOptions): AsyncGenerator<Reject>;
    /** Which alarm rules hold for it, and why the others do not. */
    explain(id: string, query?: DeviceRulesQuery): Promise<DeviceRules>;
    /** What a gateway evaluates itself. `credential`: of the device, in the place of the client's own. */
    edgeRules(id: string, credential?: string): Promise<EdgeRules>;
    /** An alarm that a gateway found itself. */
    reportAlarm(id: string, report: EdgeReport): Promise<EdgeReported>;
  };
  readonly rules: {
    list(filters?: Filters<RuleQuery>, options?: ListOptions): AsyncGenerator<Rule>;
    create(document: RuleDocument): Promise<RuleShown>;
    /** Changes nothing. */
    check(document: RuleDocument): Promise<RuleCheck>;
    /** `version`: an older one. */
    show(id: string, version?: number): Promise<RuleShown>;
    /** `version`: refused with `conflict` unless the rule has it. */
    update(id: string, document: RuleDocument, version?: number): Promise<RuleShown>;
    delete(id: string): Promise<void>;
    enable(id: string): Promise<RuleShown>;
    disable(id: string): Promise<RuleShown>;
    /** Newest first; of a rule that was deleted too. */
    versions(id: string, options?: ListOptions): AsyncGenerator<Rule>;
    subjects(id: string, options?: ListOptions): AsyncGenerator<RuleSubject>;
    explain(id: string): Promise<RuleExplained>;
  };
  readonly maintenances: {
    list(options?: ListOptions): AsyncGenerator<Maintenance>;
    create(window: MaintenanceCreate): Promise<Maintenance>;
    delete(id: string): Promise<void>;
  };
  readonly points: {
    list(filters?: Filters<PointQuery>, options?: ListOptions): AsyncGenerator<Point>;
    show(device: string, path: string): Promise<Point>;
    update(device: string, path: string, change: PointUpdate): Promise<Point>;
  };
  /** Rejected messages of the whole project, newest first. */
  rejects(options?: ListOptions): AsyncGenerator<Reject>;
  /**
   * `payload`: text and bytes as they are, anything else as JSON. Default content type: application/json. Under an idempotency key the same report
   * may be sent again, whatever became of the first: it is stored once.
   */
  report(device: string, payload: unknown, options?: { readonly contentType?: string; readonly idempotencyKey?: string }): Promise<ReportResult>;
  samples(device: string, query: Filters<SamplesQuery>, options?: ListOptions): AsyncGenerator<SampleItem>;
  aggregate(device: string, query: AggregateQuery): Promise<AggregateResult>;
  downsample(device: string, query: DownsampleQuery): Promise<DownsampleResult>;
  count(query: CountQuery): Promise<CountResult>;
  readonly events: {
    /** The last recorded first, unless `order` says otherwise or `after` is given. */
    list(query?: Filters<EventQuery>, options?: ListOptions): AsyncGenerator<EventItem>;
    /** As they are recorded; as `live`. */
    live(query: EventStreamQuery, signal: AbortSignal): AsyncGenerator<EventStreamMessage>;
  };
  readonly alarms: {
    list(filters?: Filters<AlarmQuery>, options?: ListOptions): AsyncGenerator<Alarm>;
    count(filters?: Omit<AlarmFilter, 'closed'>): Promise<{ count: number }>;
    show(id: string): Promise<AlarmDetail>;
    /** All in one transaction; each is told what became of it. */
    act(actions: AlarmActions): Promise<AlarmActionResults>;
    stats(query?: AlarmStatsQuery): Promise<AlarmStats>;
  };
  /** Tries rules on stored samples: progress, and at last the result. Throws what the hub says went wrong. Ending the iteration ends the work. */
  backtest(request: BacktestRequest, signal?: AbortSignal): AsyncGenerator<BacktestProgress, BacktestResult>;
  readonly channels: {
    list(options?: ListOptions): AsyncGenerator<Channel>;
    create(channel: ChannelCreate): Promise<ChannelCreated>;
    show(id: string): Promise<Channel>;
    update(id: string, change: ChannelUpdate): Promise<Channel>;
    delete(id: string): Promise<void>;
    /** Resolves also when the receiver refused. */
    test(id: string): Promise<ChannelTest>;
  };
  readonly routes: {
    list(options?: ListOptions): AsyncGenerator<Route>;
    create(route: RouteCreate): Promise<Route>;
    show(id: string): Promise<Route>;
    update(id: string, change: RouteUpdate): Promise<Route>;
    delete(id: string): Promise<void>;
    test(question: RouteTest): Promise<{ readonly routes: readonly RouteTested[] }>;
  };
  readonly deliveries: { list(filters?: Filters<DeliveryQuery>, options?: ListOptions): AsyncGenerator<Delivery> };
  /** Long work gets `timeoutMs` of its own: the answer comes when it is done. */
  readonly storage: {
    show(): Promise<StorageStats>;
    compact(what: CompactRequest, options?: Pick<RequestOptions, 'timeoutMs'>): Promise<CompactResult>;
    verify(options?: Pick<RequestOptions, 'timeoutMs'>): Promise<VerifyResult>;
    /** `retention`: as if the project's own were this, or `inherit`. */
    retention(options?: Pick<RequestOptions, 'timeoutMs'> & { readonly retention?: string }): Promise<RetentionState>;
    setRetention(change: RetentionUpdate, options?: Pick<RequestOptions, 'timeoutMs'>): Promise<RetentionState>;
    retain(options?: Pick<RequestOptions, 'timeoutMs'>): Promise<RetentionState>;
  };
  /** Ends the kept connections. A process ends without it too. */
  close(): void;
}

export interface HubClientOptions {
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
/** The longest time of an attempt, and a little. */
const CHANNEL_TEST_MS = 65_000;

export function createHubClient(options: HubClientOptions): HubClient {
  const url = normalizeHubUrl(options.url);
  const ca = options.ca ?? null;
  const project = options.project ?? null;
  const transport = createTransport({ url, token: options.token, project, ca });
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
      signal: given.signal ?? options.signal ?? null,
      timeoutMs: given.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS,
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
  const at = (collection: string, id: string): string => `/${collection}/${encodeURIComponent(id)}`;
  const pointAt = (device: string, path: string): string => `${at('devices', device)}/points/${encodeLevels(path)}`;

  async function* live<Message extends { readonly type: string }>(path: string, query: object, signal: AbortSignal): AsyncGenerator<Message> {
    const { liveMessages } = await import('./live.ts');
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    yield* liveMessages<Message>({ url, token: options.token, project, ca, path: `/api/v1${path}${queryText(query)}`, timeoutMs, signal });
  }

  return {
    url,
    project,
    request,
    stream,
    pages,
    live: (query, signal) => live('/stream', query, signal),
    time: () => request('GET', '/time'),
    whoami: () => request('GET', '/whoami'),
    sessions: {
      create: (user, password) => request('POST', '/sessions', { body: { user, password } }),
      end: () => request('DELETE', '/sessions/current'),
    },
    projects: { list: (list) => pages('/projects', {}, list) },
    tokens: {
      list: (list) => pages('/tokens', {}, list),
      create: (body) => request('POST', '/tokens', { body }),
      revoke: (id) => request('DELETE', at('tokens', id)),
    },
    users: {
      list: (list) => pages('/users', {}, list),
      create: (body) => request('POST', '/users', { body }),
      update: (name, body) => request('PATCH', at('users', name), { body }),
      remove: (name) => request('DELETE', at('users', name)),
    },
    types: {
      list: (list) => pages('/types', {}, list),
      create: (body) => request('POST', '/types', { body }),
      show: (id) => request('GET', at('types', id)),
      update: (id, body) => request('PATCH', at('types', id), { body }),
      delete: (id) => request('DELETE', at('types', id)),
    },
    devices: {
      list: (filters, list) => pages('/devices', filters, list),
      create: (body) => request('POST', '/devices', { body }),
      show: (id) => request('GET', at('devices', id)),
      update: (id, body) => request('PATCH', at('devices', id), { body }),
      delete: (id) => request('DELETE', at('devices', id)),
      credentials: (id, list) => pages(`${at('devices', id)}/credentials`, {}, list),
      addCredential: (id, body) => request('POST', `${at('devices', id)}/credentials`, { body }),
      removeCredential: (id, credentialId) => request('DELETE', `${at('devices', id)}/credentials/${encodeURIComponent(credentialId)}`),
      rejects: (id, list) => pages(`${at('devices', id)}/rejects`, {}, list),
      explain: (id, query) => request('GET', `${at('devices', id)}/explain`, { query }),
      edgeRules: (id, credential) =>
        request('GET', `${at('devices', id)}/rules`, credential === undefined ? {} : { headers: { authorization: `Bearer ${credential}` } }),
      reportAlarm: (id, body) => request('POST', `${at('devices', id)}/alarms`, { body }),
    },
    rules: {
      list: (filters, list) => pages('/rules', filters, list),
      create: (body) => request('POST', '/rules', { body }),
      check: (body) => request('POST', '/rules/check', { body }),
      show: (id, version) => request('GET', at('rules', id), { query: { version } }),
      update: (id, body, version) => request('PUT', at('rules', id), { query: { version }, body }),
      delete: (id) => request('DELETE', at('rules', id)),
      enable: (id) => request('POST', `${at('rules', id)}/enable`),
      disable: (id) => request('POST', `${at('rules', id)}/disable`),
      versions: (id, list) => pages(`${at('rules', id)}/versions`, {}, list),
      subjects: (id, list) => pages(`${at('rules', id)}/subjects`, {}, list),
      explain: (id) => request('GET', `${at('rules', id)}/explain`),
    },
    maintenances: {
      list: (list) => pages('/maintenances', {}, list),
      create: (body) => request('POST', '/maintenances', { body }),
      delete: (id) => request('DELETE', at('maintenances', id)),
    },
    points: {
      list: (filters, list) => pages('/points', filters, list),
      show: (device, path) => request('GET', pointAt(device, path)),
      update: (device, path, body) => request('PATCH', pointAt(device, path), { body }),
    },
    rejects: (list) => pages('/rejects', {}, list),
    report: (device, payload, { contentType = 'application/json', idempotencyKey } = {}) =>
      request('POST', `${at('devices', device)}/report`, {
        body: payload,
        headers: { 'content-type': contentType, ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) },
      }),
    samples: (device, query, list) => pages(`${at('devices', device)}/samples`, query, list),
    aggregate: (device, query) => request('GET', `${at('devices', device)}/aggregate`, { query }),
    downsample: (device, query) => request('GET', `${at('devices', device)}/downsample`, { query }),
    count: (query) => request('GET', '/samples/count', { query }),
    events: {
      list: (query, list) => pages('/events', query, list),
      live: (query, signal) => live('/stream/events', query, signal),
    },
    alarms: {
      list: (filters, list) => pages('/alarms', filters, list),
      count: (query) => request('GET', '/alarms/count', { query }),
      show: (id) => request('GET', at('alarms', id)),
      act: (body) => request('POST', '/alarms/actions', { body }),
      stats: (query) => request('GET', '/alarms/stats', { query }),
    },
    async *backtest(query, signal) {
      const { backtestLines } = await import('./backtest.ts');
      const { body } = await stream('POST', '/rules/backtest', { body: query, ...(signal && { signal }) });
      return yield* backtestLines(body, url, signal ?? options.signal ?? null);
    },
    channels: {
      list: (list) => pages('/channels', {}, list),
      create: (body) => request('POST', '/channels', { body }),
      show: (id) => request('GET', at('channels', id)),
      update: (id, body) => request('PATCH', at('channels', id), { body }),
      delete: (id) => request('DELETE', at('channels', id)),
      // An attempt may take its whole time, unless somebody wants to wait less.
      test: (id) => request('POST', `${at('channels', id)}/test`, (options.timeoutMs ?? TIMEOUT_MS) === TIMEOUT_MS ? { timeoutMs: CHANNEL_TEST_MS } : {}),
    },
    routes: {
      list: (list) => pages('/routes', {}, list),
      create: (body) => request('POST', '/routes', { body }),
      show: (id) => request('GET', at('routes', id)),
      update: (id, body) => request('PATCH', at('routes', id), { body }),
      delete: (id) => request('DELETE', at('routes', id)),
      test: (body) => request('POST', '/routes/test', { body }),
    },
    deliveries: { list: (filters, list) => pages('/deliveries', filters, list) },
    storage: {
      show: () => request('GET', '/storage'),
      compact: (body, given) => request('POST', '/storage/compact', { body, ...given }),
      verify: (given) => request('POST', '/storage/verify', given),
      retention: ({ retention, ...given } = {}) => request('GET', '/storage/retention', { query: { retention }, ...given }),
      setRetention: (body, given) => request('PATCH', '/storage/retention', { body, ...given }),
      retain: (given) => request('POST', '/storage/retention', given),
    },
    close: () => transport.close(),
  };
}

function encodeBody(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): { body: string | Uint8Array | null; headers: Readonly<Record<string, string>> } {
  if (body === undefined) return { body: null, headers };
  if (typeof body === 'string' || body instanceof Uint8Array) return { body, headers };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}
