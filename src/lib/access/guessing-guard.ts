import { isIPv6 } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';

export interface GuessingGuardOptions {
  /** Failures in the window before the lock. */
  readonly failuresPerAccount: number;
  readonly failuresPerAddress: number;
  /** The window, which begins with the first failure, and the time that a lock holds. */
  readonly windowMs: number;
  /** ms since 1970 */
  readonly clock: () => number;
  /** Accounts and addresses remembered; the least recently seen are forgotten first. */
  readonly rememberedMax?: number;
  /** Answers held back at the same time; beyond it they are given at once. */
  readonly delayedMax?: number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** Counts wrong passwords and tokens, per account and per network address. Nobody is exempt, loopback neither. */
export interface GuessingGuard {
  /** How long this account, or everybody at this address, must still wait; null: not locked. */
  lockedFor(account: string | null, address: string | null): number | null;
  /** Counts a failure at once, then resolves after a time that grows with the failures: answer only then. */
  failed(account: string | null, address: string | null): Promise<void>;
  /** Forgets the account's failures, unless it is locked, and none of the address. */
  succeeded(account: string): void;
}

interface Record {
  failures: number;
  windowEnds: number;
  lockedUntil: number;
}

/** The first failures are a person's; from then on the wait doubles. */
const FREE_FAILURES = 2;
const FIRST_DELAY_MS = 100;
const DELAY_MS_MAX = 3000;

export function createGuessingGuard(options: GuessingGuardOptions): GuessingGuard {
  const { failuresPerAccount, failuresPerAddress, windowMs, clock, rememberedMax = 50_000, delayedMax = 500 } = options;
  const sleep = options.sleep ?? ((ms: number) => wait(ms, undefined, { ref: false }));
  const accounts = new LRUCache<string, Record>({ max: rememberedMax });
  const addresses = new LRUCache<string, Record>({ max: rememberedMax });
  let delayed = 0;

  function count(records: LRUCache<string, Record>, key: string, max: number): number {
    const now = clock();
    let record = records.get(key);
    if (record === undefined || (now >= record.windowEnds && now >= record.lockedUntil)) {
      record = { failures: 0, windowEnds: now + windowMs, lockedUntil: 0 };
      records.set(key, record);
    }
    // What comes during a lock neither counts nor makes it longer: else one stranger could keep an account shut for ever.
    if (record.lockedUntil > now) return record.failures;
    record.failures++;
    if (record.failures >= max) {
      record.lockedUntil = now + windowMs;
      record.windowEnds = record.lockedUntil;
    }
    return record.failures;
  }

  function left(record: Record | undefined): number {
    return record === undefined ? 0 : Math.max(0, record.lockedUntil - clock());
  }

  return {
    lockedFor(account, address) {
      const ofAccount = account === null ? 0 : left(accounts.get(account));
      const ofAddress = address === null ? 0 : left(addresses.get(networkOf(address)));
      const longest = Math.max(ofAccount, ofAddress);
      return longest === 0 ? null : longest;
    },
    async failed(account, address) {
      const ofAccount = account === null ? 0 : count(accounts, account, failuresPerAccount);
      // Many people may share an address: their wait grows ten times slower.
      const ofAddress = address === null ? 0 : count(addresses, networkOf(address), failuresPerAddress) / 10;
      const over = Math.floor(Math.max(ofAccount, ofAddress)) - FREE_FAILURES;
      if (over <= 0 || delayed >= delayedMax) return;
      delayed++;
      try {
        await sleep(Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** Math.min(over - 1, 10)));
      } finally {
        delayed--;
      }
    },
    succeeded(account) {
      if (left(accounts.get(account)) === 0) accounts.delete(account);
    },
  };
}

/** One customer has a whole /64 of IPv6, and IPv4 may come mapped into it. */
export function networkOf(address: string): string {
  const plain = address.split('%', 1)[0] ?? address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(plain)) return plain.slice(0, 100);
  const [head = '', tail] = plain.toLowerCase().split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length + (tail.includes('.') ? 1 : 0);
    while (groups.length < Math.min(4, 8 - after)) groups.push('0');
    if (groups.length < 4) groups.push(...tail.split(':'));
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
