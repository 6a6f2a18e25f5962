import type { AliasKind } from '../domain/device.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Where a name may stand in a certificate. */
const PLACES = ['cn', 'dns', 'uri'] as const;
type Place = (typeof PLACES)[number];
/** What it may be: the id of the device, or an alias of it. */
const MEANINGS = ['id', 'serial', 'imei', 'iccid', 'mac'] as const;
type Meaning = 'id' | AliasKind;

export const IDENTITY_DEFAULT = 'cn:{id}';
const IDENTITY_RULE = 'cn:, dns: or uri: and a pattern with one of {id}, {serial}, {imei}, {iccid}, {mac}, such as uri:urn:factory:{serial}';
const IDENTITY = /^(cn|dns|uri):([^{}]{0,100})\{(id|serial|imei|iccid|mac)\}([^{}]{0,100})$/;

/** How the certificates of an authority name devices. */
export interface IdentityRule {
  readonly place: Place;
  readonly before: string;
  readonly meaning: Meaning;
  readonly after: string;
}

export interface NamesOfCertificate {
  readonly commonNames: readonly string[];
  readonly dns: readonly string[];
  readonly uris: readonly string[];
}

/** Throws invalid. */
export function parseIdentity(text: string): IdentityRule {
  const [, place, before, meaning, after] = IDENTITY.exec(text) ?? [];
  if (before === undefined || after === undefined || !isOneOf(PLACES, place) || !isOneOf(MEANINGS, meaning))
    throw new MusterError('invalid', `the identity rule must be ${IDENTITY_RULE}`, { details: { field: 'identity' } });
  return { place, before, meaning, after };
}

/**
 * The name of the device in a certificate, or why there is none. Two that fit are one too many: whoever put both in there, it is not for the hub to choose.
 */
export function identityIn(
  rule: IdentityRule,
  names: NamesOfCertificate,
): { readonly ok: true; readonly name: string } | { readonly ok: false; readonly reason: string } {
  const candidates = { cn: names.commonNames, dns: names.dns, uri: names.uris }[rule.place];
  const { before, after, meaning } = rule;
  // Host names know no case; anything else does.
  const same = (one: string): string => (rule.place === 'dns' ? one.toLowerCase() : one);
  const fitting = candidates.filter(
    (text) => text.length > before.length + after.length && same(text).startsWith(same(before)) && same(text).endsWith(same(after)),
  );
  const found = [...new Set(fitting.map((text) => text.slice(before.length, text.length - after.length)))];
  const [name] = found;
  const what = `${rule.place}:${before}{${meaning}}${after}`;
  if (name === undefined) return { ok: false, reason: `the certificate has no name of the form ${what}` };
  if (found.length > 1) return { ok: false, reason: `the certificate has several names of the form ${what}` };
  return { ok: true, name };
}

function isOneOf<Item extends string>(items: readonly Item[], text: string | undefined): text is Item {
  return items.some((item) => item === text);
}
