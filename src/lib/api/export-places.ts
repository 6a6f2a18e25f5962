import { MusterError } from '../errors/muster-error.ts';

/** Exports that are sent at once: each keeps a reading of a store open, and what its client has not taken. */
export interface ExportPlaces {
  /** Given back when the answer has ended, in whatever way. Throws overloaded. */
  take(signal: AbortSignal): void;
}

export function createExportPlaces(max: number): ExportPlaces {
  let taken = 0;
  return {
    take(signal) {
      signal.throwIfAborted();
      if (taken >= max) throw new MusterError('overloaded', `${max} exports are being sent already (limits.exports)`);
      taken += 1;
      const give = () => {
        taken -= 1;
      };
      signal.addEventListener('abort', give, { once: true });
    },
  };
}
