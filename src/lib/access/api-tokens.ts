import type { ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { SystemStore, TokenRecord, UserRecord } from '../storage/system/system-store.ts';
import type { IssuedToken, NewToken } from './access.ts';
import { commitAccess } from './commit-access.ts';
import type { CredentialCache } from './credential-cache.ts';
import type { Listeners } from './listeners.ts';
import { makeToken } from './secrets.ts';

/** A token as the API shows it: without its secret, its user by name. Times in ms since 1970. */
export type TokenView = Pick<TokenRecord, 'id' | 'name' | 'role' | 'user' | 'createdAt' | 'expiresAt' | 'revokedAt'>;

export const TOKENS_OF_PROJECT_MAX = 10_000;
/** Log-ins of one person that are kept, ended ones included; the oldest goes when another comes. */
export const SESSIONS_OF_USER_MAX = 50;
/** Ended tokens are listed so long, so that one can see what became of them. */
const ENDED_KEPT_MS = 7 * 86_400_000;

export interface ApiTokens {
  issue(token: NewToken): Promise<TokenView & { readonly token: string }>;
  /** A log-in of this user. */
  issueSession(user: UserRecord, expiresAt: number): Promise<IssuedToken & { readonly expiresAt: number }>;
  list(project: ProjectId): Promise<readonly TokenView[]>;
  /** Throws not_found. A token that was revoked before stays as it is. */
  revoke(project: ProjectId, id: string): Promise<void>;
}

export interface ApiTokensPorts {
  readonly system: Pick<SystemStore, 'log' | 'tokens' | 'users'>;
  readonly clock: () => number;
  readonly cache: Pick<CredentialCache, 'forgetToken'>;
  readonly revoked: Listeners<string>;
}

export function createApiTokens({ system, clock, cache, revoked }: ApiTokensPorts): ApiTokens {
  function gone(id: string): void {
    cache.forgetToken(id);
    revoked.tell(id);
  }

  function recordOf(token: NewToken): { record: TokenRecord; token: string } {
    const { id, token: text, secretHash } = makeToken('api');
    return { record: { id, ...token, secretHash, createdAt: clock(), revokedAt: null }, token: text };
  }

  return {
    async issue(wanted) {
      const now = clock();
      if (wanted.expiresAt !== null && wanted.expiresAt <= now) throw new MusterError('invalid', 'the token would have expired already');
      const user = wanted.user === null ? null : await system.users.byId(wanted.user);
      if (wanted.user !== null && user?.project !== wanted.project) throw new MusterError('not_found', 'the user of the token does not exist');
      if ((await system.tokens.count(wanted.project)) >= TOKENS_OF_PROJECT_MAX) {
        await commitAccess(system.log, [system.tokens.removeEnded(wanted.project, now)], () => null);
        if ((await system.tokens.count(wanted.project)) >= TOKENS_OF_PROJECT_MAX) {
          throw new MusterError('limit_reached', `the project has ${TOKENS_OF_PROJECT_MAX} tokens`, { hint: 'Revoke tokens that are not used any more.' });
        }
      }
      const { record, token } = recordOf(wanted);
      const statements = [system.tokens.removeEnded(wanted.project, now - ENDED_KEPT_MS), system.tokens.insert(record)];
      await commitAccess(system.log, statements, ({ reason }) =>
        reason === 'reference' ? new MusterError('not_found', 'the project or user of the token does not exist') : null,
      );
      return { ...viewOf(record, user?.name ?? null), token };
    },
    async issueSession(user, expiresAt) {
      const earlier = await system.tokens.ofUser(user.id);
      const oldest = earlier.slice(0, Math.max(0, earlier.length - SESSIONS_OF_USER_MAX + 1));
      const { record, token } = recordOf({ project: user.project, name: 'login', role: user.role, user: user.id, expiresAt });
      const statements = [
        ...oldest.map(({ id }) => system.tokens.remove(id)),
        system.tokens.removeEnded(user.project, clock() - ENDED_KEPT_MS),
        system.tokens.insert(record),
      ];
      // The user was removed while the password was checked.
      await commitAccess(system.log, statements, ({ reason }) =>
        reason === 'reference' ? new MusterError('not_logged_in', 'the user does not exist any more') : null,
      );
      for (const { id, revokedAt } of oldest) if (revokedAt === null) gone(id);
      return { id: record.id, token, expiresAt };
    },
    async list(project) {
      const names = new Map((await system.users.list(project)).map((user) => [user.id, user.name]));
      return (await system.tokens.list(project)).map((token) => viewOf(token, token.user === null ? null : (names.get(token.user) ?? token.user)));
    },
    async revoke(project, id) {
      const token = await system.tokens.byId(id);
      if (token?.project !== project) throw new MusterError('not_found', `there is no token ${id.slice(0, 60)} in this project`);
      if (token.revokedAt !== null) return;
      await commitAccess(system.log, [system.tokens.revoke(id, clock())], () => null);
      gone(id);
    },
  };
}

function viewOf({ id, name, role, createdAt, expiresAt, revokedAt }: TokenRecord, user: string | null): TokenView {
  return { id, name, role, user, createdAt, expiresAt, revokedAt };
}
