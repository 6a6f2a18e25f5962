import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { MusterError } from '../errors/muster-error.ts';
import { type Element, eachElement, elementsOf, oid, timeOf } from './der.ts';
import { OID } from './oids.ts';
import { fromPem } from './pem.ts';
import { type Signed, signedOf } from './signature-algorithms.ts';

/** RFC 5280 section 4.1.2.2 says 20; what certificates of careless authorities have is a little more. */
const SERIAL_BYTES_MAX = 32;
/** RFC 5280 section 5.2.3 */
const NUMBER_BYTES_MAX = 20;
/** Reading so many takes about as long as anybody else should have to wait. */
const ENTRIES_PER_TURN = 2_000;
/** RFC 5280 section 5.3.1: it takes an entry of an earlier list back, so it stands in delta lists alone. */
const REMOVE_FROM_CRL = 8;

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  extensions: 0xa0,
} as const;

/** A certificate that a list names: its serial as node:crypto writes it, and since when it does not count (ms since 1970). */
export type ListedSerial = readonly [serial: string, revokedAt: number];

/** What a list says of itself. Its entries are read later, when it is known whose it is. Times in ms since 1970. */
export interface RevocationListHead {
  readonly signed: Signed;
  /** A Name in DER. */
  readonly issuer: Buffer;
  /** Lower-case hex of 20 bytes, so that they compare as text; null: it has none. */
  readonly number: string | null;
  readonly thisUpdate: number;
  /** null: it does not say when the next comes. */
  readonly nextUpdate: number | null;
  /** SHA-256 over the list in DER, lower-case hex. */
  readonly fingerprint: string;
  readonly entries: Buffer;
}

/** PEM, perhaps with text around it as `openssl crl -text` writes it, or DER; gives DER. Throws invalid. */
export function revocationListDer(bytes: Buffer): Buffer {
  if (!bytes.includes('-----BEGIN ')) return bytes;
  const [der, ...more] = fromPem(bytes.toString('latin1'), 'X509 CRL');
  if (der === undefined || more.length > 0)
    throw new MusterError('invalid', `it must be one revocation list; there ${more.length > 0 ? `are ${more.length + 1}` : 'is none'} in the PEM text`);
  return der;
}

/** RFC 5280 section 5.1. Throws invalid for what is no list, and for one that is not complete in itself: a delta, an indirect one, one for a part of the certificates. */
export function readListHead(der: Buffer): RevocationListHead {
  return reading(() => headOf(der));
}

/** The entries, a few at a time: a long list holds nobody up. Throws invalid. */
export async function readListEntries({ entries }: Pick<RevocationListHead, 'entries'>): Promise<ListedSerial[]> {
  const found: ListedSerial[] = [];
  const elements = eachElement(entries);
  for (;;) {
    const isOver = reading(() => {
      for (let count = 0; count < ENTRIES_PER_TURN; count += 1) {
        const next = elements.next();
        if (next.done) return true;
        found.push(entryOf(next.value));
      }
      return false;
    });
    if (isOver) return found;
    await setImmediate();
  }
}

function headOf(der: Buffer): RevocationListHead {
  const signed = signedOf(der);
  const fields = elementsOf(signed.body.content);
  const version = fields[0]?.tag === TAG.integer ? fields.shift() : undefined;
  if (version !== undefined && !version.content.equals(Buffer.from([1]))) throw new RangeError('a version that is not known');
  const [algorithm, issuer, issued, ...rest] = fields;
  if (algorithm?.tag !== TAG.sequence || issuer?.tag !== TAG.sequence || issued === undefined) throw new RangeError('fields are missing');
  // RFC 5280 section 5.1.1.2: what is signed says how, too.
  if (!algorithm.whole.equals(elementsOf(elementsOf(der)[0]?.content ?? der)[1]?.whole ?? der)) throw new RangeError('two algorithms');
  const next = rest[0]?.tag === TAG.utcTime || rest[0]?.tag === TAG.generalizedTime ? rest.shift() : undefined;
  const entries = rest[0]?.tag === TAG.sequence ? rest.shift() : undefined;
  const extensions = rest[0]?.tag === TAG.extensions ? rest.shift() : undefined;
  if (rest.length > 0 || (extensions !== undefined && version === undefined)) throw new RangeError('fields that do not belong there');
  return {
    signed,
    issuer: issuer.whole,
    number: numberOf(extensions === undefined ? [] : extensionsOf(only(extensions.content))),
    thisUpdate: timeOf(issued),
    nextUpdate: next === undefined ? null : timeOf(next),
    fingerprint: createHash('sha256').update(der).digest('hex'),
    entries: entries?.content ?? Buffer.alloc(0),
  };
}

interface Extension {
  /** The OID, as hex of its element. */
  readonly type: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

const is = (text: string): string => oid(text).toString('hex');
const DELTA = is(OID.deltaCrlIndicator);
const DISTRIBUTION_POINT = is(OID.issuingDistributionPoint);
const NUMBER = is(OID.crlNumber);
const REASON = is(OID.reasonCode);
const ENTRY_ISSUER = is(OID.certificateIssuer);
/** IssuingDistributionPoint.indirectCRL */
const INDIRECT = 0x84;

function extensionsOf(list: Element): Extension[] {
  return elementsOf(list.content).map(({ content }) => {
    const [type, ...rest] = elementsOf(content);
    const critical = rest[0]?.tag === TAG.boolean ? rest.shift() : undefined;
    const [value, ...more] = rest;
    if (type === undefined || value?.tag !== TAG.octetString || more.length > 0) throw new RangeError('an extension that is none');
    return { type: type.whole.toString('hex'), critical: critical !== undefined && critical.content[0] !== 0, value: value.content };
  });
}

function numberOf(extensions: readonly Extension[]): string | null {
  let number: string | null = null;
  for (const { type, critical, value } of extensions) {
    if (type === DELTA) throw refused('it is a delta list: it names only what changed. Import the complete list (its base)');
    if (type === DISTRIBUTION_POINT) {
      const isIndirect = elementsOf(only(value).content).some(({ tag, content }) => tag === INDIRECT && content[0] !== 0);
      throw refused(isIndirect ? INDIRECT_REFUSED : 'it is for a part of the certificates (it has an issuing distribution point). Import a complete list');
    }
    if (type === NUMBER) number = numberText(only(value));
    else if (critical) throw refused('it has a critical extension that the hub does not know');
  }
  return number;
}

const INDIRECT_REFUSED = 'it is an indirect list: it names certificates of other authorities. Import a list of this authority alone';

function numberText({ tag, content }: Element): string {
  if (tag !== TAG.integer || content.length === 0 || (content[0] ?? 0) >= 0x80) throw new RangeError('a number that is none');
  const digits = content.toString('hex').replace(/^(?:00)+/, '');
  if (digits.length > NUMBER_BYTES_MAX * 2) throw new RangeError('a number that is too large');
  return digits.padStart(NUMBER_BYTES_MAX * 2, '0');
}

function entryOf({ tag, content }: Element): ListedSerial {
  const [serial, revoked, extensions, ...more] = elementsOf(content);
  if (tag !== TAG.sequence || serial === undefined || revoked === undefined || more.length > 0) throw new RangeError('an entry that is none');
  if (extensions !== undefined) checkEntry(extensionsOf(extensions));
  return [serialText(serial), timeOf(revoked)];
}

function checkEntry(extensions: readonly Extension[]): void {
  for (const { type, critical, value } of extensions) {
    if (type === ENTRY_ISSUER) throw refused(INDIRECT_REFUSED);
    if (type === REASON) {
      const reason = only(value);
      if (reason.tag !== TAG.enumerated || reason.content.length !== 1) throw new RangeError('a reason that is none');
      if (reason.content[0] === REMOVE_FROM_CRL) throw refused('an entry takes another back (removeFromCRL): that is for delta lists');
    } else if (critical) throw refused('an entry has a critical extension that the hub does not know');
  }
}

/** As X509Certificate.serialNumber has it: whole bytes in upper-case hex, a minus before one that is negative. */
function serialText({ tag, content }: Element): string {
  if (tag !== TAG.integer || content.length === 0 || content.length > SERIAL_BYTES_MAX + 1) throw new RangeError('a serial number that is none');
  const isNegative = (content[0] ?? 0) >= 0x80;
  const magnitude = isNegative ? (-BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`))).toString(16) : content.toString('hex');
  const whole = magnitude.length % 2 === 0 ? magnitude : `0${magnitude}`;
  return `${isNegative ? '-' : ''}${whole.replace(/^(?:00)+(?=..)/, '').toUpperCase()}`;
}

function only(bytes: Element | Buffer): Element {
  const [one, ...more] = elementsOf(Buffer.isBuffer(bytes) ? bytes : bytes.content);
  if (one === undefined || more.length > 0) throw new RangeError('one element was expected');
  return one;
}

function refused(why: string): MusterError {
  return new MusterError('invalid', `the revocation list is refused: ${why}`);
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error: unknown) {
    if (error instanceof MusterError) throw error;
    throw new MusterError('invalid', 'it is no X.509 revocation list', { cause: error, hint: 'Give a CRL in PEM or DER.' });
  }
}
