import { createHmac, randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { LRUCache } from 'lru-cache';

/** Characters of a password that is taken to be hashed; longer ones are refused unread. */
export const PASSWORD_CHARACTERS_MAX = 1000;

export const PASSWORD_COST = { logN: 15, r: 8, p: 1 } as const;
const COST = PASSWORD_COST;
/** Of passwords that are made at random (generatePassword). */
export const RANDOM_PASSWORD_COST = { logN: 8, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A stored hash may ask for other costs, up to 256 MiB and four times the work of ours. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
const PARALLEL_MAX = 4;
/** `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, both in unpadded base64: the form that other implementations write too. */
const ENCODED = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{8,128})\$([A-Za-z0-9+/]{22,128})$/;
/** 32 of them, none that looks like another. */
const READABLE = 'abcdefghijkmnpqrstuvwxyz23456789';

/** More passwords wait to be checked than the hub lets wait. */
export class PasswordsBusy extends Error {}

export interface Passwords {
  hash(password: string): Promise<string>;
  /** False for a stored hash that is malformed or too costly. Throws PasswordsBusy. */
  verify(password: string, encoded: string): Promise<boolean>;
  /** The same, but at once when this very pair was right before. */
  verifyAgain(password: string, encoded: string): Promise<boolean>;
  /** Takes as long as `verify` and is always false: for names that do not exist. */
  pretend(password: string): Promise<false>;
}

export interface PasswordsOptions {
  /** Hashes computed at once: each takes 32 MiB and a thread of the pool that files and DNS share. */
  readonly atOnceMax?: number;
  readonly waitingMax?: number;
  readonly rememberedMax?: number;
}

export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const { atOnceMax = Math.min(4, availableParallelism()), waitingMax = 1000, rememberedMax = 100_000 } = options;
  const waiting: (() => void)[] = [];
  let running = 0;
  // Only digests under a key that dies with the process are remembered: memory gives away no password. A digest covers
  // the stored hash too, so that a changed password fits nothing that is remembered.
  const key = randomBytes(32);
  const right = new LRUCache<string, true>({ max: rememberedMax });

  async function limited<Value>(work: () => Promise<Value>): Promise<Value> {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) throw new PasswordsBusy('too many log-ins at once');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      // The place goes from hand to hand, so that nobody overtakes.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  }

  async function verify(password: string, encoded: string): Promise<boolean> {
    const stored = parseEncoded(encoded);
    if (password.length > PASSWORD_CHARACTERS_MAX) return false;
    if (stored === null) return pretend(password);
    const given = await limited(() => derive(password, stored.salt, stored.hash.length, stored));
    return timingSafeEqual(given, stored.hash);
  }

  async function pretend(password: string): Promise<false> {
    await limited(() => derive(password.slice(0, PASSWORD_CHARACTERS_MAX), randomBytes(SALT_BYTES), HASH_BYTES, COST));
    return false;
  }

  return {
    async hash(password) {
      if (password.length > PASSWORD_CHARACTERS_MAX) throw new RangeError('the password is too long');
      return limited(() => hashOfPassword(password, COST));
    },
    verify,
    async verifyAgain(password, encoded) {
      if (password.length > PASSWORD_CHARACTERS_MAX) return false;
      const digest = createHmac('sha256', key).update(`${encoded}\0${password}`).digest('base64');
      if (right.has(digest)) return true;
      const fits = await verify(password, encoded);
      if (fits) right.set(digest, true);
      return fits;
    },
    pretend,
  };
}

/** As it is stored; see ENCODED. */
export async function hashOfPassword(password: string, cost: Cost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, cost);
  return `$scrypt$ln=${cost.logN},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Four groups of five: 100 bits, readable over the phone. */
export function generatePassword(): string {
  const group = () => Array.from({ length: 5 }, () => READABLE[randomInt(READABLE.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}

interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

function derive(password: string, salt: Uint8Array, bytes: number, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    // The same letters typed on two systems may differ in their code points.
    scrypt(password.normalize('NFC'), salt, bytes, { N, r, p, maxmem: memoryBytes({ logN, r, p }) + 1024 * 1024 }, (error, hash) => {
      if (error) reject(error);
      else resolve(hash);
    });
  });
}

function parseEncoded(encoded: string): (Cost & { readonly salt: Buffer; readonly hash: Buffer }) | null {
  const [, logN, r, p, salt, hash] = ENCODED.exec(encoded) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  if (cost.logN < 1 || cost.r < 1 || cost.p < 1) return null;
  const work = 2 ** cost.logN * cost.r * cost.p;
  if (memoryBytes(cost) > MEMORY_BYTES_MAX || work > 2 ** COST.logN * COST.r * PARALLEL_MAX) return null;
  return { ...cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** Is it a hash that `verify` can check, at a cost that it takes? */
export function isPasswordHash(encoded: string): boolean {
  return parseEncoded(encoded) !== null;
}

/** RFC 7914: 128·N·r for the table and 128·r·p for the blocks. */
function memoryBytes({ logN, r, p }: Cost): number {
  return 128 * r * (2 ** logN + p);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
