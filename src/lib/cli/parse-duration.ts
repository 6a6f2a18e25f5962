import { DURATION_RULE, readDuration } from '../domain/duration.ts';
import { MusterError } from '../errors/muster-error.ts';

/** ms; throws MusterError `usage`. */
export function parseDuration(text: string): number {
  const duration = readDuration(text.trim());
  if (duration === null) throw new MusterError('usage', `"${text.slice(0, 40)}" is not a duration.`, { hint: `Write it ${DURATION_RULE}.` });
  return duration;
}

/** The same for what must not be zero, such as a bucket width. */
export function parsePositiveDuration(text: string): number {
  const duration = parseDuration(text);
  if (duration === 0) throw new MusterError('usage', 'The duration must be longer than zero.', { hint: `Write it ${DURATION_RULE}.` });
  return duration;
}
