import { MusterError } from '../errors/muster-error.ts';

/** Throws invalid: before the first byte of a file, not in the middle of it. */
export function checkExportTimezone(timezone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    throw new MusterError('invalid', `there is no time zone ${timezone.slice(0, 60)}`, {
      hint: 'Use an IANA name such as Europe/Berlin.',
      details: { field: 'timezone' },
    });
  }
}
