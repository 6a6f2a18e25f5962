import { Flags } from '@oclif/core';
import { DURATION_RULE, readDuration } from '../domain/duration.ts';
import { isRetention, RETENTION_RULE } from '../domain/retention.ts';
import { MusterError } from '../errors/muster-error.ts';

/** A duration; the parsed value is in ms. */
export const durationFlag = Flags.custom<number>({
  helpValue: '<duration>',
  parse: async (input, _, options) => {
    const duration = readDuration(input.trim());
    if (duration === null || duration === 0)
      throw new MusterError('usage', `--${options.name} \`${input}\` is not a duration ${DURATION_RULE}.`, { details: { flag: options.name } });
    return duration;
  },
});

export const LIST_LIMIT = 100;

/** The flags of every command that lists: with them, `printList` never cuts in silence. */
export const listFlags = {
  limit: Flags.integer({ summary: 'Rows at most', helpValue: '<rows>', min: 1, default: LIST_LIMIT, exclusive: ['all'] }),
  all: Flags.boolean({ summary: 'All rows', exclusive: ['limit'] }),
};

/** A filter: what is empty would match nothing, and is most often a variable of a script that was never set. */
export const filterFlag = Flags.custom<string>({
  parse: async (input, _, options) => {
    if (input.trim() === '' || input.startsWith('='))
      throw new MusterError('usage', `--${options.name} \`${input}\` is empty.`, { details: { flag: options.name } });
    return input;
  },
});

/** Of commands that choose devices. Never empty: an empty selector is every device, and most often a variable that was never set. */
export const selectorFlag = (summary: string) => filterFlag({ char: 'l', summary, helpValue: '<selector>' });

/** For what destroys or changes many. */
export const yesFlag = Flags.boolean({ char: 'y', summary: 'Do not ask' });
export const dryRunFlag = Flags.boolean({ summary: 'Say what would happen, and change nothing' });

/** `--label site=paris` repeated, as an object. */
export function pairsOf(flag: string, pairs: readonly string[] | undefined): Record<string, string> {
  const result: Record<string, string> = {};
  for (const pair of pairs ?? []) {
    const at = pair.indexOf('=');
    if (at < 1) throw new MusterError('usage', `--${flag} \`${pair}\` is not NAME=VALUE.`, { hint: `Write it as --${flag} name=value.` });
    Object.defineProperty(result, pair.slice(0, at), { value: pair.slice(at + 1), enumerable: true, configurable: true, writable: true });
  }
  return result;
}

/** How long samples are kept. */
export const retentionFlag = Flags.custom<string>({
  helpValue: '<retention>',
  parse: async (input, _, options) => {
    if (!isRetention(input))
      throw new MusterError('usage', `--${options.name} \`${input}\` is no retention.`, {
        hint: `Write it ${RETENTION_RULE}.`,
        details: { flag: options.name },
      });
    return input;
  },
});

/** Any finite number; oclif knows integers alone. */
export const numberFlag = Flags.custom<number>({
  helpValue: '<number>',
  parse: async (input, _, options) => {
    const number = input.trim() === '' ? Number.NaN : Number(input);
    if (!Number.isFinite(number)) throw new MusterError('usage', `--${options.name} \`${input}\` is not a number.`, { details: { flag: options.name } });
    return number;
  },
});
