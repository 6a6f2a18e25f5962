import { Flags } from '@oclif/core';
import type { DeviceQuery } from '../api/schema/fleet.ts';
import type { Filters } from '../client/connection.ts';
import { DEVICE_KINDS, DEVICE_STATES } from '../domain/device.ts';
import { parseSelector } from '../domain/selector.ts';
import { MusterError } from '../errors/muster-error.ts';
import { filterFlag, selectorFlag } from './flags.ts';

/** What devices are chosen by; each narrows. */
export const deviceFilterFlags = {
  where: filterFlag({ summary: "That fit a condition: 'battery < 20 and online'", helpValue: '<condition>' }),
  selector: selectorFlag("That a selector means: 'site=paris,type=meter'"),
  kind: Flags.option({ summary: 'Of this kind', options: DEVICE_KINDS })(),
  type: filterFlag({ summary: 'Of this device type', helpValue: '<type>' }),
  parent: filterFlag({ summary: 'Behind this gateway', helpValue: '<device>' }),
  state: Flags.option({ summary: 'In this state', options: DEVICE_STATES })(),
  online: Flags.boolean({ summary: 'Online now; --no-online for those that are not', allowNo: true }),
  label: filterFlag({ summary: 'With this label, or this value of it; repeats', helpValue: '<name[=value]>', multiple: true, multipleNonGreedy: true }),
  group: filterFlag({ summary: 'In this group, or below it; repeats', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
  alias: filterFlag({ summary: 'With this serial number, IMEI, ICCID or MAC', helpValue: '<value>' }),
};

/** The hub sorts: a million devices are too many for a command. Columns of the table by their names, and whatever the hub can sort by. */
export const deviceSortFlag = Flags.string({
  summary: 'Sort by a column, labels.NAME or the path of a point; -name for descending',
  helpValue: '[-]<name>',
  helpGroup: 'GLOBAL',
});

interface DeviceFlags {
  readonly where?: string | undefined;
  readonly selector?: string | undefined;
  readonly kind?: (typeof DEVICE_KINDS)[number] | undefined;
  readonly type?: string | undefined;
  readonly parent?: string | undefined;
  readonly state?: (typeof DEVICE_STATES)[number] | undefined;
  readonly online?: boolean | undefined;
  readonly label?: string[] | undefined;
  readonly group?: string[] | undefined;
  readonly alias?: string | undefined;
  readonly sort?: string | undefined;
}

export function deviceFiltersOf(flags: DeviceFlags): Filters<DeviceQuery> {
  const { where, selector, kind, type, parent, state, online, label, group, alias, sort } = flags;
  const parsed = selector === undefined ? null : parseSelector(selector);
  if (parsed?.ok === false) throw new MusterError('usage', `--selector: ${parsed.reason}.`, { details: { flag: 'selector' } });
  return {
    ...(where === undefined ? {} : { where }),
    ...(selector === undefined ? {} : { selector }),
    ...(kind === undefined ? {} : { kind }),
    ...(type === undefined ? {} : { type }),
    ...(parent === undefined ? {} : { parent }),
    ...(state === undefined ? {} : { state }),
    ...(online === undefined ? {} : { online: online ? ('true' as const) : ('false' as const) }),
    ...(label === undefined ? {} : { label }),
    ...(group === undefined ? {} : { group }),
    ...(alias === undefined ? {} : { alias }),
    ...(sort === undefined ? {} : { sort: sortOf(sort) }),
  };
}

/** Columns whose fields have other names. */
const FIELDS: Readonly<Record<string, string>> = { 'last-seen': 'lastSeenAt' };

function sortOf(sort: string): string {
  const descending = sort.startsWith('-');
  const name = descending ? sort.slice(1) : sort;
  return `${descending ? '-' : ''}${FIELDS[name] ?? name}`;
}
