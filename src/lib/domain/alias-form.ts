import type { AliasKind } from './device.ts';

/**
 * What is odd about an alias, as the end of a sentence that begins with its value; null: nothing. A warning, not a refusal: makers print numbers without
 * their check digit, and a device with an odd number exists all the same.
 */
export function aliasWarning(kind: AliasKind, value: string): string | null {
  if (kind === 'imei') return imeiWarning(value);
  if (kind === 'iccid') return iccidWarning(value);
  return kind === 'mac' ? macWarning(value) : null;
}

/** 3GPP TS 23.003, section 6.2.1: 14 digits and a check digit. */
function imeiWarning(value: string): string | null {
  if (!/^\d{15}$/.test(value)) return /^\d{16}$/.test(value) ? 'has 16 digits: that is an IMEISV, an IMEI has 15' : 'is no IMEI: it has not 15 digits';
  return luhnFits(value) ? null : 'is no IMEI: its check digit does not fit';
}

/** ITU-T E.118, section 4.1: 89 for telecommunications, 19 digits with the check digit; SIMs hold 20. */
function iccidWarning(value: string): string | null {
  if (!/^\d{18,20}$/.test(value)) return 'is no ICCID: it has not 18 to 20 digits';
  if (!value.startsWith('89')) return 'is no ICCID: it does not begin with 89';
  return luhnFits(value) ? null : 'is no ICCID: its check digit does not fit';
}

/** EUI-48 or EUI-64. Aliases are compared letter by letter, so one form of writing is worth having. */
function macWarning(value: string): string | null {
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}(?:(:[0-9a-f]{2}){2})?$/.test(value)) return null;
  const digits = value.replaceAll(/[:.-]/g, '');
  if (!/^(?:[0-9a-f]{12}|[0-9a-f]{16})$/i.test(digits)) return 'is no MAC: it has not 12 or 16 hexadecimal digits';
  const usual = (digits.toLowerCase().match(/../g) ?? []).join(':');
  return `is written in another form than ${usual}; who looks for it must write it the same way`;
}

/** ISO/IEC 7812-1, annex B: every second digit from the right doubled, the sum of all digits a multiple of ten. */
function luhnFits(digits: string): boolean {
  let sum = 0;
  for (let index = digits.length - 1, double = false; index >= 0; index -= 1, double = !double) {
    const digit = Number(digits[index]) * (double ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
