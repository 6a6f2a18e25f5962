const FIRST_LOOK_MS = 2;
/** Looks that ask a hub would take the processor from it. */
const LONGEST_LOOK_MS = 20;

/**
 * Waits for a condition; fails with its description when it does not come true in time. The time is for a machine that is far too busy: what
 * has to be quick says so with a deadline of its own.
 */
export async function waitUntil(condition: () => boolean | Promise<boolean>, what: string, deadlineMs = 15_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  let lookMs = FIRST_LOOK_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`did not happen within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    lookMs = Math.min(LONGEST_LOOK_MS, lookMs * 1.5);
  }
}
