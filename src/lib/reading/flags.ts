import { Flags } from '@oclif/core';
import { filterFlag } from '../cli/flags.ts';
import { parsePositiveDuration } from '../cli/parse-duration.ts';
import { POINT_KINDS } from '../domain/point.ts';
import { MusterError } from '../errors/muster-error.ts';
import { checkTimeZone } from './check-time-zone.ts';

/** `1h30m` as ms; longer than zero. */
export const spanFlag = Flags.custom<number>({ helpValue: '<duration>', parse: async (input) => parsePositiveDuration(input) });

/** Read by `parseTime` or `parseRange` when the time zone is known. */
export const timeFlag = Flags.custom<string>({ helpValue: '<time>' });

export const timezoneFlag = Flags.custom<string>({
  summary: 'Zone of times that name none, and of the times shown: an IANA name, UTC or local',
  helpValue: '<zone>',
  default: 'UTC',
  parse: async (input) => checkTimeZone(input),
});

/** Ranges are `--from --to` where something is read, and `--since --until` where something is judged: both words are understood everywhere. */
export const FROM_TOO = { aliases: ['since'] };
export const TO_TOO = { aliases: ['until'] };
export const SINCE_TOO = { aliases: ['from'] };
export const UNTIL_TOO = { aliases: ['to'] };

export const rangeFlags = {
  from: timeFlag({ summary: 'Beginning, inclusive: -2h, yesterday, 2026-11-22T10:00, epoch, ...', ...FROM_TOO }),
  to: timeFlag({ summary: 'End, exclusive; now unless given', ...TO_TOO }),
  timezone: timezoneFlag(),
};

/** Each narrows; several of one kind widen. */
export const pointFilterFlags = {
  point: filterFlag({ summary: 'Only these points; * stands for any text', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
  label: filterFlag({ summary: 'Only devices with this label', helpValue: '<name[=value]>', multiple: true, multipleNonGreedy: true }),
  group: filterFlag({ summary: 'Only devices in this group, or below it; repeats', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
  selector: filterFlag({ summary: "Only devices that a selector means: 'site=paris,type=meter'", helpValue: '<selector>' }),
};

export const kindFlag = Flags.option({ summary: 'Only points of this kind', options: POINT_KINDS, multiple: true, multipleNonGreedy: true });

/** A global flag that means nothing for this command is refused, not ignored. */
export function refuseFlags(command: string, flags: object, names: readonly string[]): void {
  for (const name of names) {
    const value: unknown = (flags as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== false) throw new MusterError('usage', `\`muster ${command}\` has no --${name} here.`, { details: { flag: name } });
  }
}
