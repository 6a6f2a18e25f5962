import { createCipheriv, createHash, createHmac, type KeyObject, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { bmpString, integer, nothing, octetString, oid, sequence, setOf, tagged } from './der.ts';
import { OID } from './oids.ts';

/** OpenSSL takes 2,048 and guessing has become cheaper since; more would make a thousand files take minutes. */
const ITERATIONS = 20_000;
const SALT_BYTES = 16;
const MAC_BLOCK_BYTES = 64;
/** RFC 7292 appendix B.3: 3 makes a key for a MAC. */
const MAC_PURPOSE = 3;

export interface Pkcs12Content {
  readonly key: KeyObject;
  /** DER, of the key first, then those of its authorities. */
  readonly certificates: readonly Uint8Array[];
  readonly passphrase: string;
  /** What programs show for it. */
  readonly name: string;
}

/**
 * A PKCS #12 file (RFC 7292) as OpenSSL 3, Java from 8u301 and Windows from 2019 on take it: the key encrypted with AES-256 by PBKDF2, everything under a MAC with SHA-256. The
 * certificates are public, so they are not encrypted.
 */
export async function writePkcs12({ key, certificates, passphrase, name }: Pkcs12Content): Promise<Buffer> {
  const [first] = certificates;
  const keyId = createHash('sha1')
    .update(first ?? Buffer.alloc(0))
    .digest();
  const attributes = setPair(sequence(oid(OID.friendlyName), setOf(bmpString(name))), sequence(oid(OID.localKeyId), setOf(octetString(keyId))));
  const certificateBags = certificates.map((der, index) =>
    sequence(oid(OID.certificateBag), tagged(0, sequence(oid(OID.x509Certificate), tagged(0, octetString(der)))), ...(index === 0 ? [attributes] : [])),
  );
  const keyBag = sequence(oid(OID.shroudedKeyBag), tagged(0, await encryptedKey(key, passphrase)), attributes);
  const safe = sequence(dataOf(sequence(...certificateBags)), dataOf(sequence(keyBag)));
  return sequence(integer(3), dataOf(safe), macOf(safe, passphrase));
}

/** ContentInfo of plain data. */
function dataOf(content: Uint8Array): Buffer {
  return sequence(oid(OID.data), tagged(0, octetString(content)));
}

/** EncryptedPrivateKeyInfo with PBES2 (RFC 8018). */
async function encryptedKey(key: KeyObject, passphrase: string): Promise<Buffer> {
  const [salt, iv] = [randomBytes(SALT_BYTES), randomBytes(16)];
  const secret = await promisify(pbkdf2)(Buffer.from(passphrase, 'utf8'), salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const encrypted = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()]);
  const derivation = sequence(oid(OID.pbkdf2), sequence(octetString(salt), integer(ITERATIONS), sequence(oid(OID.hmacWithSha256), nothing())));
  return sequence(sequence(oid(OID.pbes2), sequence(derivation, sequence(oid(OID.aes256Cbc), octetString(iv)))), octetString(encrypted));
}

function macOf(safe: Uint8Array, passphrase: string): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const mac = createHmac('sha256', macKey(passphrase, salt)).update(safe).digest();
  return sequence(sequence(sequence(oid(OID.sha256), nothing()), octetString(mac)), octetString(salt), integer(ITERATIONS));
}

/** RFC 7292 appendix B.2, for a key that is as long as the hash. */
function macKey(passphrase: string, salt: Uint8Array): Buffer {
  const diversifier = Buffer.alloc(MAC_BLOCK_BYTES, MAC_PURPOSE);
  // In UTF-16, big-endian, with two zero bytes at the end (appendix B.1).
  const secret = Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  let hash = createHash('sha256')
    .update(Buffer.concat([diversifier, repeated(salt), repeated(secret)]))
    .digest();
  for (let round = 1; round < ITERATIONS; round++) hash = createHash('sha256').update(hash).digest();
  return hash;
}

/** Until it fills whole blocks. */
function repeated(bytes: Uint8Array): Buffer {
  const length = Math.ceil(bytes.length / MAC_BLOCK_BYTES) * MAC_BLOCK_BYTES;
  return Buffer.alloc(length, bytes);
}

/** A SET of two, in the order of their bytes (X.690 section 11.6). */
function setPair(one: Buffer, other: Buffer): Buffer {
  return setOf(Buffer.concat(Buffer.compare(one, other) <= 0 ? [one, other] : [other, one]));
}
