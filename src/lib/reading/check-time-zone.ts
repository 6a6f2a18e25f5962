import { isTimeZone } from '../domain/time-zone.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Throws MusterError `usage` unless it is a zone that this machine knows; `local` is the machine's own. Returns the name to use. */
export function checkTimeZone(timezone: string): string {
  if (timezone === 'local') return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (/^utc$/i.test(timezone) || timezone === 'Z') return 'UTC';
  if (isTimeZone(timezone)) return timezone;
  throw new MusterError('usage', `"${timezone.slice(0, 60)}" is not a time zone.`, { hint: 'Give an IANA name such as Europe/Berlin, or UTC, or local.' });
}
