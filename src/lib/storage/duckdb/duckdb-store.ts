import { Worker } from 'node:worker_threads';
import type { SeriesId } from '../../domain/ids.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { CompactionResult, DamagedFile, RetentionResult, SampleStore, SampleStoreStats, VerifyResult } from '../sample-store.ts';
import type { SampleStoreOptions } from '../sample-store-engine.ts';
import { workerFile } from '../worker-file.ts';
import { errorOf } from './failure.ts';
import type { Block, FromWorker, Reading, Task, ToWorker, WorkerSettings } from './messages.ts';
import { aggregateRows, downsampledRows, sampleRows } from './rows.ts';

/** Blocks on their way per reading: one is used while the next are made. */
const AHEAD = 3;

interface Waiter {
  resolve(result: unknown): void;
  reject(error: MusterError): void;
}

interface Stream {
  readonly messages: (Block | 'end' | MusterError)[];
  wake: () => void;
}

type State = 'new' | 'starting' | 'running' | 'stopping' | 'stopped';

/** Samples in DuckDB. All work happens in one worker thread; this side sends questions and turns blocks into rows. */
export function createDuckdbStore(options: SampleStoreOptions): SampleStore {
  const tasks = new Map<number, Waiter>();
  const streams = new Map<number, Stream>();
  let state: State = 'new';
  let worker: Worker | null = null;
  let stopped: Promise<void> | null = null;
  /** What makes the store unusable until the next start. */
  let broken: MusterError | null = null;
  let appliedAtStart = 0;
  let applied = 0;
  let highestSeries = 0;
  let damaged: readonly DamagedFile[] = [];
  /** The newest journal entry that the worker knows of. */
  let announced = 0;
  let lastId = 0;

  return {
    start,
    get appliedJournalId() {
      return applied;
    },
    get damaged() {
      return damaged;
    },
    get highestSeries() {
      return highestSeries;
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    committed(journalId) {
      // Ids only grow. One that the store had at its start means that it belongs to another journal: its
      // entries would count as applied and never be.
      if (journalId <= appliedAtStart && broken === null) {
        fail(
          new MusterError('storage_failed', `The samples in ${options.folder} are ahead of the journal in ${options.systemFile}`, {
            hint: 'Restore both from the same backup.',
            details: { appliedAtStart, journalId },
          }),
        );
      }
      // The messages of a group commit share an entry; one of them is enough to tell.
      if (broken !== null || journalId <= announced) return;
      announced = journalId;
      post({ type: 'committed', journalId });
    },
    flush: (journalId) => perform({ kind: 'flush', journalId }).then(() => undefined),
    async *read(query, signal) {
      if (query.series.length === 0 || query.limit === 0) return;
      for await (const block of stream({ kind: 'read', query }, signal)) yield sampleRows(block);
    },
    async *aggregate(query, signal) {
      if (query.series.length === 0) return;
      for await (const block of stream({ kind: 'aggregate', query }, signal)) yield aggregateRows(block);
    },
    async *downsample(query, signal) {
      if (query.series.length === 0) return;
      for await (const block of stream({ kind: 'downsample', query }, signal)) yield downsampledRows(block);
    },
    async *scan(query, signal) {
      if (query.series.length === 0) return;
      for await (const { columns, stretch } of stream({ kind: 'scan', query }, signal)) yield { columns, stretch: stretch ?? query };
    },
    async *latest() {
      for await (const block of stream({ kind: 'latest' })) yield sampleRows(block);
    },
    holds: async (range) => (await perform({ kind: 'holds', range })) === true,
    count: async (query) => (query.series.length === 0 ? 0 : Number(await perform({ kind: 'count', query }))),
    exportParquet: async (query, path, signal) => Number(await perform({ kind: 'export', query, path }, signal)),
    remove: (series) => perform({ kind: 'remove', series }).then(() => undefined),
    stats: async () => (await perform({ kind: 'stats' })) as SampleStoreStats,
    compact: (request) =>
      timed(
        async () => (await perform({ kind: 'compact', request })) as CompactionResult,
        (result, elapsedMs) => options.onMaintained?.({ work: 'compact', elapsedMs, result }),
      ),
    retain(rules, mode) {
      const retained = async () => (await perform({ kind: 'retain', rules, mode })) as RetentionResult;
      return mode === 'count' ? retained() : timed(retained, (result, elapsedMs) => options.onMaintained?.({ work: 'deleteOld', elapsedMs, result }));
    },
    verify: async () => {
      const result = (await perform({ kind: 'verify' })) as VerifyResult;
      damaged = result.damaged.filter(({ file }) => isRead(file));
      return result;
    },
  };

  async function start(signal?: AbortSignal): Promise<void> {
    if (state !== 'new') throw new Error(`a sample store starts once; this one is ${state}`);
    signal?.throwIfAborted();
    state = 'starting';
    const { folder, systemFile, applyIntervalMs, memoryBytes, hotHours, hotSamplesMax } = options;
    const settings: WorkerSettings = { folder, systemFile, applyIntervalMs, memoryBytes, hotHours, hotSamplesMax };
    const thread = new Worker(workerFile('sample-worker'), { workerData: settings, name: 'samples' });
    worker = thread;
    try {
      await new Promise<void>((resolve, reject) => {
        thread.on('message', (message: FromWorker) => {
          if (message.type === 'ready') {
            appliedAtStart = message.applied;
            applied = message.applied;
            highestSeries = message.highestSeries;
            // What is in the store already is no backlog.
            if (applied > 0) options.onApplied(applied, null);
            resolve();
          } else if (message.type === 'unready') reject(errorOf(message.failure));
          else take(message);
        });
        thread.on('error', (error) => fail(threadError(messageOf(error))));
        thread.on('exit', (code) => {
          const error = threadError(`it ended with code ${code}`);
          // On a stop it ends right behind its answer, which may not have been seen to the end yet.
          if (state === 'starting' || state === 'running' || tasks.size > 0) fail(error);
          reject(broken ?? error);
        });
      });
    } catch (error: unknown) {
      state = 'stopped';
      throw error;
    }
    state = 'running';
    signal?.addEventListener('abort', () => {
      stopped ??= stop();
    });
    if (signal?.aborted === true) {
      stopped ??= stop();
      await stopped;
      signal.throwIfAborted();
    }
  }

  async function stop(): Promise<void> {
    const thread = worker;
    if (thread === null || state === 'stopped') {
      state = 'stopped';
      return;
    }
    const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    const done = state === 'running' && broken === null ? perform({ kind: 'stop' }) : thread.terminate();
    state = 'stopping';
    try {
      await done;
    } catch (error: unknown) {
      // The journal keeps what is not in the store: a failure here loses nothing, and the hub has to go on stopping.
      options.log.error({ folder: options.folder, error: messageOf(error) }, 'the sample store did not close cleanly');
    }
    state = 'stopped';
    if (thread.threadId !== -1) await exited;
    settleAll(stopping());
  }

  function take(message: FromWorker): void {
    switch (message.type) {
      case 'applied':
        applied = message.journalId;
        options.onApplied(message.journalId, message.batch);
        break;
      case 'failing':
        options.onFailed(errorOf(message.failure));
        break;
      case 'damaged':
        if (isRead(message.file.file)) damaged = [...damaged, message.file];
        options.log.error({ folder: options.folder, ...message.file }, 'a file of the sample store is damaged: what it holds is left out');
        break;
      case 'describe': {
        const names = message.series.flatMap((series) => options.describe(series as SeriesId) ?? []);
        post({ type: 'described', id: message.id, names });
        break;
      }
      case 'done':
        settle(message.id, (waiter) => waiter.resolve(message.result));
        break;
      case 'block':
        deliver(message.id, message.block);
        break;
      case 'end':
        deliver(message.id, 'end');
        break;
      case 'error':
        settle(message.id, (waiter) => waiter.reject(errorOf(message.failure)));
        deliver(message.id, errorOf(message.failure));
        break;
    }
  }

  function perform(task: Task, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const refusal = refused();
      if (refusal !== null) return reject(refusal);
      const id = ++lastId;
      const abort = () => post({ type: 'cancel', id });
      signal?.addEventListener('abort', abort);
      // The answer comes when the work has ended, done or broken off: until then it may hold a file.
      const end = (settled: () => void) => {
        signal?.removeEventListener('abort', abort);
        if (signal?.aborted) reject(signal.reason);
        else settled();
      };
      tasks.set(id, { resolve: (result) => end(() => resolve(result)), reject: (error) => end(() => reject(error)) });
      post({ type: 'task', id, task });
    });
  }

  async function* stream(reading: Reading, signal?: AbortSignal): AsyncGenerator<Block> {
    signal?.throwIfAborted();
    const refusal = refused();
    if (refusal !== null) throw refusal;
    const id = ++lastId;
    const entry: Stream = { messages: [], wake: () => {} };
    streams.set(id, entry);
    const abort = () => entry.wake();
    signal?.addEventListener('abort', abort);
    post({ type: 'open', id, reading, credit: AHEAD });
    let ended = false;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const message = entry.messages.shift();
        if (message === undefined) {
          await new Promise<void>((resolve) => {
            entry.wake = resolve;
          });
          continue;
        }
        ended = message === 'end' || message instanceof MusterError;
        if (message === 'end') return;
        if (message instanceof MusterError) throw message;
        yield message;
        post({ type: 'more', id });
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      streams.delete(id);
      if (!ended) post({ type: 'cancel', id });
    }
  }

  function deliver(id: number, message: Block | 'end' | MusterError): void {
    const entry = streams.get(id);
    entry?.messages.push(message);
    entry?.wake();
  }

  function settle(id: number, how: (waiter: Waiter) => void): void {
    const waiter = tasks.get(id);
    tasks.delete(id);
    if (waiter !== undefined) how(waiter);
  }

  function settleAll(error: MusterError): void {
    for (const id of [...tasks.keys()]) settle(id, (waiter) => waiter.reject(error));
    for (const id of streams.keys()) deliver(id, error);
  }

  function refused(): MusterError | null {
    if (broken !== null) return broken;
    if (state === 'running') return null;
    return state === 'stopping' || state === 'stopped' ? stopping() : new MusterError('stopping', 'The sample store has not started');
  }

  function post(message: ToWorker): void {
    if (state === 'running' || state === 'stopping') worker?.postMessage(message);
  }

  function fail(error: MusterError): void {
    if (broken !== null) return;
    broken = error;
    settleAll(error);
    // At its start the store rejects; afterwards somebody has to be told.
    if (state !== 'starting') options.onFailed(error);
  }

  function threadError(reason: string): MusterError {
    return new MusterError('storage_failed', `The thread of the sample store ${options.folder} failed: ${reason}`);
  }
}

function stopping(): MusterError {
  return new MusterError('stopping', 'The sample store is stopping');
}

/** A Parquet file that is damaged is left out by every reading; a database that was set aside is not missed any more. */
function isRead(file: string): boolean {
  return file.startsWith('parquet');
}

/** Tells how long it took and what became of it. A store that stops is no failure. */
async function timed<Result>(work: () => Promise<Result>, tell: (result: Result | MusterError, elapsedMs: number) => void): Promise<Result> {
  const began = performance.now();
  try {
    const result = await work();
    tell(result, performance.now() - began);
    return result;
  } catch (error: unknown) {
    if (error instanceof MusterError && error.code !== 'stopping') tell(error, performance.now() - began);
    throw error;
  }
}
