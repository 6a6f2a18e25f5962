import { uuidv7 } from 'uuidv7';
import { isName, NAME_RULE, type ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { CommitError } from '../storage/commit-log.ts';
import type { SystemStore, UserRecord } from '../storage/system/system-store.ts';
import { commitAccess } from './commit-access.ts';
import type { CredentialCache } from './credential-cache.ts';
import type { Listeners } from './listeners.ts';
import { generatePassword, type Passwords } from './passwords.ts';
import type { Role } from './roles.ts';

/** A person as the API shows one. Times in ms since 1970. */
export type UserView = Pick<UserRecord, 'id' | 'name' | 'role' | 'disabled' | 'createdAt' | 'updatedAt'>;

export interface NewUser {
  readonly name: string;
  readonly role: Role;
  /** Absent: one is made. */
  readonly password?: string | undefined;
}
export interface UserChange {
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
  readonly password?: string | undefined;
}

export const USERS_OF_PROJECT_MAX = 10_000;

/** People. The last administrator of a project who can log in is neither removed, disabled nor given another role. */
export interface Users {
  /** `password` is there only when the hub made it. Throws conflict, invalid_name, limit_reached. */
  create(project: ProjectId, user: NewUser): Promise<UserView & { readonly password?: string }>;
  list(project: ProjectId): Promise<readonly UserView[]>;
  /** Whatever changes, the person's tokens are revoked: who they are is proven again. Throws not_found, conflict. */
  update(project: ProjectId, name: string, change: UserChange): Promise<UserView>;
  remove(project: ProjectId, name: string): Promise<void>;
}

export interface UsersPorts {
  readonly system: Pick<SystemStore, 'log' | 'users' | 'tokens'>;
  readonly clock: () => number;
  readonly passwords: Passwords;
  readonly cache: Pick<CredentialCache, 'forgetUser'>;
  readonly revoked: Listeners<string>;
}

export function createUsers({ system, clock, passwords, cache, revoked }: UsersPorts): Users {
  // A change reads a record and writes it whole, so one waits for the other.
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function found(project: ProjectId, name: string): Promise<UserRecord> {
    const user = await system.users.byName(name);
    if (user?.project !== project) throw new MusterError('not_found', `there is no user ${name.slice(0, 130)} in this project`);
    return user;
  }

  /** Which tokens end is read before the change: with the user, the rows go too. */
  async function change(user: UserRecord, next: UserRecord | null): Promise<void> {
    const tokens = await system.tokens.ofUser(user.id);
    const statements = next === null ? [system.users.remove(user.id)] : [system.users.update(next), system.tokens.revokeOfUser(user.id, clock())];
    if (isActiveAdmin(user) && (next === null || !isActiveAdmin(next))) statements.push(system.users.keepsAdmin(user.project));
    // The one condition of these statements that can fail here is the last: changes come in turn, so the user is still there.
    await commitAccess(system.log, statements, ({ reason }) => (reason === 'stale' ? lastAdmin(user) : null));
    cache.forgetUser(user.id);
    for (const { id, revokedAt } of tokens) if (revokedAt === null) revoked.tell(id);
  }

  return {
    async create(project, { name, role, password }) {
      if (!isName(name)) throw new MusterError('invalid_name', `a user's name must be ${NAME_RULE}`, { details: { field: 'name' } });
      if ((await system.users.list(project)).length >= USERS_OF_PROJECT_MAX)
        throw new MusterError('limit_reached', `the project has ${USERS_OF_PROJECT_MAX} users`);
      const made = password === undefined ? generatePassword() : null;
      const passwordHash = await passwords.hash(password ?? made ?? '');
      const now = clock();
      const user: UserRecord = { id: uuidv7(), project, name, role, passwordHash, disabled: false, createdAt: now, updatedAt: now };
      await commitAccess(system.log, [system.users.insert(user)], (error) => explained(error, name));
      return made === null ? viewOf(user) : { ...viewOf(user), password: made };
    },
    list: async (project) => (await system.users.list(project)).map(viewOf),
    async update(project, name, { role, disabled, password }) {
      await found(project, name);
      const passwordHash = password === undefined ? null : await passwords.hash(password);
      return inTurn(async () => {
        const user = await found(project, name);
        if (passwordHash === null && (role ?? user.role) === user.role && (disabled ?? user.disabled) === user.disabled) return viewOf(user);
        const next = {
          ...user,
          role: role ?? user.role,
          disabled: disabled ?? user.disabled,
          passwordHash: passwordHash ?? user.passwordHash,
          updatedAt: clock(),
        };
        await change(user, next);
        return viewOf(next);
      });
    },
    remove: (project, name) => inTurn(async () => change(await found(project, name), null)),
  };
}

function isActiveAdmin(user: UserRecord): boolean {
  return user.role === 'admin' && !user.disabled;
}

function lastAdmin({ name }: UserRecord): MusterError {
  return new MusterError('conflict', `${name} is the last administrator of the project who can log in`, { hint: 'Make another user an administrator first.' });
}

function explained({ reason }: CommitError, name: string): MusterError | null {
  if (reason === 'unique') return new MusterError('conflict', `a user ${name} exists already on this hub`, { hint: 'Choose another name.' });
  return reason === 'reference' ? new MusterError('not_found', 'the project does not exist') : null;
}

function viewOf({ id, name, role, disabled, createdAt, updatedAt }: UserRecord): UserView {
  return { id, name, role, disabled, createdAt, updatedAt };
}
