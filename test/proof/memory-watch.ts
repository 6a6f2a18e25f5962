import type { HubProcess } from './hub-process.ts';
import type { Scope } from './scope.ts';

const EVERY_MS = 50;

/** The most memory (resident set) that the hub had while somebody watched. */
export function watchMemory(scope: Scope, hub: HubProcess): { readonly maxBytes: () => number } {
  let max = 0;
  const look = () => {
    try {
      max = Math.max(max, hub.memoryBytes());
    } catch {
      // Between two lives.
    }
  };
  const timer = setInterval(look, EVERY_MS);
  scope.defer(() => clearInterval(timer));
  return {
    maxBytes() {
      look();
      return max;
    },
  };
}
