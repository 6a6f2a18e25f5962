import { MusterError } from '../errors/muster-error.ts';

/** Runs until the signal, then stops the hub in order, within a deadline. Throws when it does not stop well. */
export async function runUntil(
  signal: AbortSignal,
  hub: { stop(): Promise<readonly string[]> },
  deadlineMs: number,
  announce: () => Promise<void>,
): Promise<void> {
  let failure: unknown;
  try {
    await announce();
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  } catch (error: unknown) {
    failure = error;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((done) => {
    timer = setTimeout(done, deadlineMs, 'late');
  });
  const stopped = await Promise.race([hub.stop(), late]);
  clearTimeout(timer);
  if (stopped === 'late')
    throw new MusterError('internal', `the hub did not stop within ${deadlineMs} ms`, {
      hint: 'What was acknowledged is in the journal; the next start takes it up.',
    });
  if (failure !== undefined) throw failure;
  if (stopped.length > 0)
    throw new MusterError('internal', `the hub stopped, but not in order: ${stopped.join(', ')}`, {
      hint: 'Look into the log. What was acknowledged is in the journal.',
    });
}
