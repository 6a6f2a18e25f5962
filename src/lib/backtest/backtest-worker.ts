import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { parseRule } from '../alarms/rule-document.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { createWaitingScripts } from '../scripts/waiting-scripts.ts';
import type { FromReplay, ReplayOrder, ToReplay } from './messages.ts';
import { createReplay, type Replay } from './replay.ts';

// The thread in which rules are replayed: blocks of samples in, progress and the result out.
const port = parentPort;
if (port === null) throw new Error('backtest-worker runs as a worker thread');
const order = workerData as ReplayOrder;
const NICE = 10;

function post(message: FromReplay): void {
  port?.postMessage(message);
}

/** What is live goes before. On Linux a thread has a priority of its own; elsewhere it would be that of the whole hub. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, NICE);
  } catch {
    // A container may forbid it: then the two share the processors.
  }
}

function open(): Replay {
  // Nobody else waits for this thread: a script may hold it up. Its own thread ends with this one.
  const scripts = createWaitingScripts();
  const rules = order.rules.map((planned) => {
    const parsed = parseRule(planned.document, { version: planned.version ?? 1, scripts });
    if (!parsed.ok) throw new MusterError('invalid', 'the rule cannot be read', { details: { problems: parsed.problems } });
    return { rule: parsed.rule, planned };
  });
  return createReplay(order, rules);
}

function guarded(work: () => void): void {
  try {
    work();
  } catch (error: unknown) {
    const known = error instanceof MusterError ? error : new MusterError('internal', `the back-test failed: ${messageOf(error)}`);
    post({ type: 'failed', code: known.code, message: known.message, hint: known.hint, details: known.details ?? null });
    port?.close();
  }
}

stepBack();
guarded(() => {
  const replay = open();
  port.on('message', (message: ToReplay) =>
    guarded(() => {
      if (message.type === 'block') {
        replay.take(message.block);
        post({ type: 'taken', progress: replay.progress });
      } else {
        post({ type: 'result', result: replay.finish() });
        port.close();
      }
    }),
  );
});
