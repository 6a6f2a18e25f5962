import { ALIAS_KINDS, type AliasKind } from '../domain/device.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';

const PLAIN = ['id', 'name', 'kind', 'type', 'parent', 'state', 'groups', 'labels', 'aliases', 'password'] as const;

/** What a column of a file of devices may hold: a field of a device, one of its aliases (`imei`), or one label (`label.site`). */
export type DeviceField = (typeof PLAIN)[number] | AliasKind | `label.${string}`;

/** The names of fields, for people. */
export const FIELD_NAMES = [...PLAIN, ...ALIAS_KINDS, 'label.NAME'] as const;

/** How spreadsheets name them otherwise; letters compared without case. */
const OTHER_NAMES: Readonly<Record<string, DeviceField>> = {
  group: 'groups',
  'serial-number': 'serial',
  serialnumber: 'serial',
  serial_number: 'serial',
  gateway: 'parent',
  label: 'labels',
  alias: 'aliases',
};

/** null: no field. */
export function fieldNamed(text: string): DeviceField | null {
  const name = text.trim();
  if (/^label\./i.test(name)) return isName(name.slice('label.'.length)) ? `label.${name.slice('label.'.length)}` : null;
  const lower = name.toLowerCase();
  return [...PLAIN, ...ALIAS_KINDS].find((field) => field === lower) ?? OTHER_NAMES[lower] ?? null;
}

export const FIELD_RULE = `one of ${FIELD_NAMES.join(', ')} (NAME: ${NAME_RULE})`;

export function isAliasKind(field: string): field is AliasKind {
  return (ALIAS_KINDS as readonly string[]).includes(field);
}
