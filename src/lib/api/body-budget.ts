import { MusterError } from '../errors/muster-error.ts';

/**
 * Memory for bodies that are being received. Large ones wait on the wire until those before them are done; small ones always pass: a few slow senders
 * of large bodies must not keep out everybody else, and small ones are bounded by the number of connections.
 */
export interface BodyBudget {
  /** Resolves with what gives the room back, when there is room. Rejects with `overloaded` when there is none in time. */
  take(bytes: number, signal: AbortSignal): Promise<() => void>;
}

/** So small a body is not counted. */
export const SMALL_BODY_BYTES = 16_384;

export function createBodyBudget(bytesMax: number, waitMs: number): BodyBudget {
  let taken = 0;
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  return {
    async take(bytes, signal) {
      if (bytes <= SMALL_BODY_BYTES) return () => undefined;
      if (signal.aborted) throw new MusterError('interrupted', 'the client went away');
      if (!fits(bytes) || waiting.length > 0) await turn(bytes, signal);
      else taken += bytes;
      let given = false;
      return () => {
        if (given) return;
        given = true;
        taken -= bytes;
        next();
      };
    },
  };

  /** One alone always fits: its size has a limit of its own. */
  function fits(bytes: number): boolean {
    return taken === 0 || taken + bytes <= bytesMax;
  }

  function next(): void {
    for (let first = waiting[0]; first !== undefined && fits(first.bytes); first = waiting[0]) {
      waiting.shift();
      taken += first.bytes;
      first.go();
    }
  }

  function turn(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        settle();
      };
      const entry = { bytes, go: () => end(resolve) };
      const giveUp = (error: MusterError) => {
        waiting.splice(waiting.indexOf(entry), 1);
        end(() => reject(error));
        // It may have stood in front of a smaller one.
        next();
      };
      const leave = () => giveUp(new MusterError('interrupted', 'the client went away'));
      const timer = setTimeout(() => giveUp(new MusterError('overloaded', `${bytesMax} bytes of bodies are being received already`)), waitMs);
      signal.addEventListener('abort', leave);
      waiting.push(entry);
    });
  }
}
