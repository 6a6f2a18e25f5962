import { messageOf } from '../../errors/muster-error.ts';
import { checkSystem } from './check-system.ts';

// A process: reads all of the system database, tells what it found, then ends.
process.send?.(found(process.argv[2] ?? ''));

function found(file: string) {
  try {
    return { check: checkSystem(file) };
  } catch (error: unknown) {
    return { reason: messageOf(error) };
  }
}
