import { Worker } from 'node:worker_threads';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { SampleColumns } from '../storage/sample-columns.ts';
import type { ScanBlock } from '../storage/sample-store.ts';
import { workerFile } from '../storage/worker-file.ts';
import type { BacktestProgress } from './backtest.ts';
import type { FromReplay, ReplayOrder, ToReplay } from './messages.ts';

/** Blocks that the thread has not taken yet: one is worked on while the next arrive. */
const AHEAD = 2;
/** Of objects; the columns lie outside. */
const MEMORY_MB = 512;

export type ReplayResult = Extract<FromReplay, { type: 'result' }>['result'];

/** Passes the blocks on to a thread that evaluates them. Its buffers move, so that this thread has no work with them. */
export async function replayInThread(
  order: ReplayOrder,
  blocks: AsyncIterable<ScanBlock>,
  signal: AbortSignal,
  onProgress: (progress: BacktestProgress) => void,
): Promise<ReplayResult> {
  signal.throwIfAborted();
  const thread = new Worker(workerFile('backtest-worker'), { workerData: order, name: 'backtest', resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB } });
  let waiting = 0;
  let wake = () => {};
  const outcome = new Promise<ReplayResult>((resolve, reject) => {
    thread.on('message', (message: FromReplay) => {
      if (message.type === 'taken') {
        waiting -= 1;
        onProgress(message.progress);
        wake();
      } else if (message.type === 'result') resolve(message.result);
      else reject(new MusterError(message.code, message.message, { hint: message.hint, details: message.details ?? undefined }));
    });
    thread.on('error', (error) => reject(threadError(error)));
    thread.on('exit', () => reject(new MusterError('internal', 'the thread of the back-test ended without a result')));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Whoever waits for room wakes up when there is an end, whichever it is; the end itself is seen below.
  const ended = outcome.then(
    () => wake(),
    () => wake(),
  );
  let over = false;
  void ended.then(() => {
    over = true;
  });
  try {
    for await (const block of blocks) {
      if (over) break;
      waiting += 1;
      post({ type: 'block', block }, buffersOf(block.columns));
      while (waiting >= AHEAD && !over) {
        await Promise.race([
          ended,
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
        ]);
      }
    }
    if (!over) post({ type: 'end' }, []);
    return await outcome;
  } finally {
    await thread.terminate();
  }

  function post(message: ToReplay, transfer: ArrayBuffer[]): void {
    thread.postMessage(message, transfer);
  }
}

function threadError(error: unknown): MusterError {
  if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new MusterError('limit_reached', `the back-test needs more than ${MEMORY_MB} MB`, {
      cause: error,
      hint: 'Choose fewer devices, a shorter range, or a shorter window in the rule.',
    });
  return new MusterError('internal', `the thread of the back-test failed: ${messageOf(error)}`, { cause: error });
}

function buffersOf({ series, time, number, tag, flags }: SampleColumns): ArrayBuffer[] {
  return [series, time, number, tag, flags].map((column) => column.buffer as ArrayBuffer);
}
