import { expect, it } from 'vitest';
import { aliasWarning } from '../../../src/lib/domain/alias-form.ts';
import type { AliasKind } from '../../../src/lib/domain/device.ts';

it.each<[AliasKind, string]>([
  ['imei', '490154203237518'],
  ['iccid', '8991101200003204514'],
  ['iccid', '89148000005339755555'],
  ['mac', '00:1a:2b:3c:4d:5e'],
  ['mac', '00:1a:2b:ff:fe:3c:4d:5e'],
  ['serial', 'anything at all'],
])('finds nothing odd about the %s %s', (kind, value) => {
  expect(aliasWarning(kind, value)).toBeNull();
});

it.each<[AliasKind, string, RegExp]>([
  ['imei', '490154203237519', /check digit/],
  ['imei', '49015420323751', /15 digits/],
  ['imei', '4901542032375181', /IMEISV/],
  ['imei', 'unknown', /15 digits/],
  ['iccid', '8991101200003204510', /check digit/],
  ['iccid', '1234567890123456789', /begin with 89/],
  ['iccid', '89', /18 to 20 digits/],
  ['mac', '00-1A-2B-3C-4D-5E', /another form than 00:1a:2b:3c:4d:5e/],
  ['mac', '001A2B3C4D5E', /another form than 00:1a:2b:3c:4d:5e/],
  ['mac', '00:1a:2b:3c:4d', /hexadecimal digits/],
])('finds something odd about the %s %s', (kind, value, warning) => {
  expect(aliasWarning(kind, value)).toMatch(warning);
});
