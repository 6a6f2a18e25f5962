import { Flags } from '@oclif/core';
import type { GroupMention, GroupUpdate } from '../api/schema/groups.ts';
import { MusterError } from '../errors/muster-error.ts';
import { withRemoved } from './device-flags.ts';
import { pairsOf } from './flags.ts';

/** What is said of a group. */
export const groupFlags = {
  name: Flags.string({ summary: 'Name for people', helpValue: '<text>' }),
  level: Flags.string({ summary: 'What kind of place it is: site, zone, ...', helpValue: '<word>' }),
  description: Flags.string({ summary: 'What it is', helpValue: '<text>' }),
  label: Flags.string({ summary: 'A label; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
  selector: Flags.string({ summary: 'Devices that fit are in it too, such as site=paris,type=meter', helpValue: '<selector>' }),
  attributes: Flags.string({ summary: 'A JSON object for applications', helpValue: '<json>' }),
};

export interface GroupFlags {
  readonly name?: string | undefined;
  readonly level?: string | undefined;
  readonly description?: string | undefined;
  readonly label?: readonly string[] | undefined;
  readonly unlabel?: readonly string[] | undefined;
  readonly selector?: string | undefined;
  readonly attributes?: string | undefined;
}

export function groupChange({ name, level, description, label, unlabel, selector, attributes }: GroupFlags): GroupUpdate {
  const labels = withRemoved(pairsOf('label', label), unlabel);
  return {
    ...(name === undefined ? {} : { name }),
    ...(level === undefined ? {} : { level: level === '' ? null : level }),
    ...(description === undefined ? {} : { description: description === '' ? null : description }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(selector === undefined ? {} : { selector: selector === '' ? null : selector }),
    ...(attributes === undefined ? {} : { attributes: jsonObject(attributes) }),
  };
}

/** What still names the old path: a line for each, for stderr. */
export function mentionLines(mentions: readonly GroupMention[]): string[] {
  return mentions.map(({ kind, id, group }) => `The ${kind} ${id} names the group ${group}: change it if it is to follow.`);
}

function jsonObject(text: string): NonNullable<GroupUpdate['attributes']> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as NonNullable<GroupUpdate['attributes']>;
  } catch {
    // Said below.
  }
  throw new MusterError('usage', '--attributes is no JSON object.', { hint: 'Write it as {"area": 120}.', details: { flag: 'attributes' } });
}
