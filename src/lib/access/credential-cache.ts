import { LRUCache } from 'lru-cache';
import type { CredentialRecord, SystemStore, TokenRecord, UserRecord } from '../storage/system/system-store.ts';

export interface TokenAndUser {
  readonly token: TokenRecord;
  /** Of a log-in; null also when the user is gone, which `token.user` tells apart. */
  readonly user: UserRecord | null;
}

/** What log-ins look up, remembered so that not every request asks the database. Whoever changes a record says so here. */
export interface CredentialCache {
  token(id: string): Promise<TokenAndUser | null>;
  deviceToken(id: string): Promise<CredentialRecord | null>;
  /** The passwords of a device. */
  passwords(device: string): Promise<readonly CredentialRecord[]>;
  forgetToken(id: string): void;
  forgetUser(id: string): void;
  forgetDevice(device: string): void;
}

export function createCredentialCache(system: Pick<SystemStore, 'tokens' | 'users' | 'credentials'>, rememberedMax = 50_000): CredentialCache {
  const tokens = new LRUCache<string, TokenAndUser>({ max: rememberedMax });
  // Which tokens of a device are remembered, so that forgetting one of many devices does not look through all tokens.
  const tokensOfDevice = new Map<string, Set<string>>();
  const deviceTokens = new LRUCache<string, CredentialRecord>({
    max: rememberedMax,
    onInsert: ({ device, id }) => {
      const ids = tokensOfDevice.get(device);
      if (ids) ids.add(id);
      else tokensOfDevice.set(device, new Set([id]));
    },
    dispose: ({ device, id }) => {
      const ids = tokensOfDevice.get(device);
      if (ids?.delete(id) && ids.size === 0) tokensOfDevice.delete(device);
    },
  });
  const passwords = new LRUCache<string, readonly CredentialRecord[]>({ max: rememberedMax });
  // A record that was read before a change must not be remembered after it.
  let changes = 0;

  async function remembered<Value extends object>(cache: LRUCache<string, Value>, key: string, read: () => Promise<Value | null>): Promise<Value | null> {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const before = changes;
    const found = await read();
    // Nothing is remembered of what does not exist: strangers could fill the cache with it.
    if (found !== null && before === changes) cache.set(key, found);
    return found;
  }

  return {
    token: (id) =>
      remembered(tokens, id, async () => {
        const token = await system.tokens.byId(id);
        if (token === null) return null;
        return { token, user: token.user === null ? null : await system.users.byId(token.user) };
      }),
    deviceToken: (id) =>
      remembered(deviceTokens, id, async () => {
        const credential = await system.credentials.byId(id);
        return credential?.kind === 'token' ? credential : null;
      }),
    passwords: async (device) =>
      (await remembered(passwords, device, async () => {
        const found = (await system.credentials.ofDevice(device as CredentialRecord['device'])).filter((credential) => credential.kind === 'password');
        return found.length === 0 ? null : found;
      })) ?? [],
    forgetToken(id) {
      changes++;
      tokens.delete(id);
    },
    forgetUser(id) {
      changes++;
      for (const [key, { token }] of tokens.entries()) if (token.user === id) tokens.delete(key);
    },
    forgetDevice(device) {
      changes++;
      passwords.delete(device);
      for (const id of [...(tokensOfDevice.get(device) ?? [])]) deviceTokens.delete(id);
    },
  };
}
