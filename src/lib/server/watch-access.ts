import type { Access } from '../access/create-access.ts';
import { parseToken, type TokenKind } from '../access/secrets.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { AccessEvents, Somebody } from '../events/access-events.ts';
import type { Directory } from '../fleet/directory.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

export interface WatchAccessPorts {
  readonly events: AccessEvents;
  readonly system: Pick<SystemStore, 'tokens' | 'users' | 'credentials' | 'claims'>;
  readonly directory: Directory;
}

/** The same access, and the journal is told who logs in and whose credentials are refused. */
export function watchAccess(access: Access, { events, system, directory }: WatchAccessPorts): Access {
  const { authenticator, accounts } = access;

  return {
    ...access,
    authenticator: {
      ...authenticator,
      async bearer(token, address) {
        const answer = await authenticator.bearer(token, address);
        if (!answer.ok) events.refused({ ...claimOf(null, token), address, reason: answer.reason });
        return answer;
      },
      async device(username, password, address) {
        const answer = await authenticator.device(username, password, address);
        if (!answer.ok) events.refused({ ...claimOf(username, password), address, reason: answer.reason });
        return answer;
      },
      async certificate(peer, address) {
        const answer = await authenticator.certificate(peer, address);
        const name = answer.ok ? null : (answer.device ?? null);
        if (!answer.ok)
          events.refused({ claim: `certificate ${peer.fingerprint}`, address, reason: answer.reason, find: async () => (name === null ? null : device(name)) });
        return answer;
      },
    },
    accounts: {
      ...accounts,
      async login(name, password, address) {
        try {
          const login = await accounts.login(name, password, address);
          events.granted({ project: login.project, actor: `user:${login.user}`, device: null }, address, `${login.user} logged in`);
          return login;
        } catch (error: unknown) {
          if (error instanceof MusterError && (error.code === 'not_logged_in' || error.code === 'locked_out'))
            events.refused({ claim: `user ${name}`, address, reason: error.message, find: () => user(name) });
          throw error;
        }
      },
    },
  };

  /** A token says whose it is; else the name does. */
  function claimOf(username: string | null, secret: string): { readonly claim: string; readonly find: () => Promise<Somebody | null> } {
    const token = parseToken(secret) ?? (username === null ? null : parseToken(username));
    if (token !== null) return { claim: `token ${token.id}`, find: () => owner(token.kind, token.id) };
    return { claim: username === null ? 'token' : `device ${username}`, find: async () => (username === null ? null : device(username)) };
  }

  async function owner(kind: TokenKind, id: string): Promise<Somebody | null> {
    if (kind === 'claim') {
      const claim = await system.claims.byToken(id);
      return claim === null ? null : { project: claim.project, actor: `claim:${claim.id}`, device: null };
    }
    if (kind === 'api') {
      const token = await system.tokens.byId(id);
      return token === null ? null : { project: token.project, actor: `token:${token.name}`, device: null };
    }
    const credential = await system.credentials.byId(id);
    return credential === null ? null : { project: credential.project, actor: `device:${credential.device}`, device: credential.device };
  }

  function device(name: string): Somebody | null {
    const found = directory.device(name)?.device;
    return found === undefined ? null : { project: found.project, actor: `device:${found.id}`, device: found.id };
  }

  async function user(name: string): Promise<Somebody | null> {
    const found = await system.users.byName(name);
    return found === null ? null : { project: found.project, actor: `user:${found.name}`, device: null };
  }
}
