import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';

type Step = { readonly name: string; readonly run: () => void | Promise<void> };

/**
 * The order of stopping, in one place: what was opened last is closed first, each step even when one before it failed.
 */
export class Shutdown {
  readonly #steps: Step[] = [];
  #running: Promise<readonly string[]> | null = null;

  /** Registers how to undo what has just been started. */
  defer(name: string, run: () => void | Promise<void>): void {
    this.#steps.push({ name, run });
  }

  /** Resolves with the names of the steps that failed. Idempotent. */
  run(log: Log): Promise<readonly string[]> {
    this.#running ??= this.#unwind(log);
    return this.#running;
  }

  async #unwind(log: Log): Promise<readonly string[]> {
    const failed: string[] = [];
    for (const { name, run } of this.#steps.reverse()) {
      try {
        await run();
      } catch (error: unknown) {
        failed.push(name);
        log.error({ step: name, reason: messageOf(error) }, 'a step of stopping failed');
      }
    }
    return failed;
  }
}
