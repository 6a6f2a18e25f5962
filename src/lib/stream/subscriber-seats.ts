import { MusterError } from '../errors/muster-error.ts';

/** How many may watch at once, whatever they watch. */
export interface SubscriberSeats {
  /** Throws limit_reached. The answer gives the seat back, once. */
  take(): () => void;
  readonly taken: number;
}

export function createSubscriberSeats(max: number): SubscriberSeats {
  let taken = 0;
  return {
    take() {
      if (taken >= max) throw new MusterError('limit_reached', `${max} subscribers watch already (limits.stream-subscribers)`);
      taken += 1;
      let held = true;
      return () => {
        if (held) taken -= 1;
        held = false;
      };
    },
    get taken() {
      return taken;
    },
  };
}
