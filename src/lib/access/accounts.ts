import type { ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import type { Authenticator, TokenListener } from './access.ts';
import { type ApiTokens, createApiTokens } from './api-tokens.ts';
import type { CredentialCache } from './credential-cache.ts';
import { createListeners } from './listeners.ts';
import type { Passwords } from './passwords.ts';
import type { Principal } from './principal.ts';
import type { Role } from './roles.ts';
import { createUsers, type Users } from './users.ts';

/** A log-in, as `POST /sessions` answers. */
export interface Login {
  /** Shown this once. */
  readonly token: string;
  readonly tokenId: string;
  readonly user: string;
  readonly role: Role;
  readonly project: ProjectId;
  /** ms since 1970 */
  readonly expiresAt: number;
}

export interface Accounts {
  readonly users: Users;
  readonly tokens: ApiTokens;
  /** Throws not_logged_in, or locked_out with `details.retryAfterMs`. */
  login(name: string, password: string, address: string | null): Promise<Login>;
  /** Revokes the token in use. Throws invalid for a principal without one. */
  logout(principal: Principal): Promise<void>;
  /** A token was revoked, or its user changed, disabled or removed. Returns what takes the listener off again. */
  onTokenRevoked(listener: TokenListener): () => void;
}

export interface AccountsPorts {
  readonly system: Pick<SystemStore, 'log' | 'users' | 'tokens'>;
  readonly authenticator: Pick<Authenticator, 'user'>;
  readonly passwords: Passwords;
  readonly cache: CredentialCache;
  readonly clock: () => number;
  readonly sessionDays: number;
  /** A listener threw. */
  readonly listenerFailed: (error: unknown) => void;
}

/** People and API tokens. */
export function createAccounts(ports: AccountsPorts): Accounts {
  const { system, authenticator, clock, sessionDays } = ports;
  const revoked = createListeners<string>(ports.listenerFailed);
  const tokens = createApiTokens({ ...ports, revoked });
  return {
    users: createUsers({ ...ports, revoked }),
    tokens,
    async login(name, password, address) {
      const answer = await authenticator.user(name, password, address);
      if (!answer.ok) {
        const { code, reason, retryAfterMs } = answer;
        throw new MusterError(code, reason, retryAfterMs === null ? {} : { details: { retryAfterMs } });
      }
      const user = answer.principal.kind === 'user' ? await system.users.byId(answer.principal.id) : null;
      if (user === null || user.disabled) throw new MusterError('not_logged_in', 'the user does not exist any more');
      const { id, token, expiresAt } = await tokens.issueSession(user, clock() + sessionDays * 86_400_000);
      return { token, tokenId: id, user: user.name, role: user.role, project: user.project, expiresAt };
    },
    async logout(principal) {
      const id = principal.kind === 'user' ? principal.token : principal.kind === 'token' ? principal.id : null;
      if (id === null || principal.kind === 'device' || principal.kind === 'open') {
        throw new MusterError('invalid', 'these credentials are no log-in', { hint: 'Remove a device credential with `muster device credential remove`.' });
      }
      await tokens.revoke(principal.project, id);
    },
    onTokenRevoked: (listener) => revoked.add(listener),
  };
}
