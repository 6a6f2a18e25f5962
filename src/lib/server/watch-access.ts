import type { Access } from '../access/create-access.ts';
import { parseToken } from '../access/secrets.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { AccessAttempt, AccessEvents } from '../events/access-events.ts';
import type { Directory } from '../fleet/directory.ts';
import type { SystemStore } from '../storage/system/system-store.ts';

type Who = Omit<AccessAttempt, 'address'>;

/** The same access, and the journal is told who logs in and whose credentials are refused. `home`: the project of what belongs to none. */
export function watchAccess(
  access: Access,
  ports: {
    readonly events: AccessEvents;
    readonly system: Pick<SystemStore, 'tokens' | 'users' | 'credentials'>;
    readonly directory: Directory;
    readonly home: ProjectId;
  },
): Access {
  const { events, system, directory, home } = ports;
  const { authenticator, accounts } = access;
  const unknown: Who = { project: home, actor: 'unknown', device: null };

  return {
    ...access,
    authenticator: {
      ...authenticator,
      async bearer(token, address) {
        const answer = await authenticator.bearer(token, address);
        if (!answer.ok) await refused(() => ofToken(token), address, answer.reason);
        return answer;
      },
      async device(username, password, address) {
        const answer = await authenticator.device(username, password, address);
        if (!answer.ok) await refused(async () => (await ofToken(password)) ?? (await ofToken(username)) ?? ofDevice(username), address, answer.reason);
        return answer;
      },
    },
    accounts: {
      ...accounts,
      async login(name, password, address) {
        try {
          const login = await accounts.login(name, password, address);
          events.granted({ project: login.project, actor: `user:${login.user}`, device: null, address }, `${login.user} logged in`);
          return login;
        } catch (error: unknown) {
          if (error instanceof MusterError && (error.code === 'not_logged_in' || error.code === 'locked_out'))
            await refused(() => ofUser(name), address, error.message);
          throw error;
        }
      },
    },
  };

  /** What it says of an attempt must not change the answer to it. */
  async function refused(find: () => Promise<Who | null> | Who | null, address: string | null, reason: string): Promise<void> {
    let who: Who | null = null;
    try {
      who = await find();
    } catch {
      // The store that could not be read has said so itself.
    }
    events.refused({ ...(who ?? unknown), address }, reason);
  }

  async function ofToken(text: string): Promise<Who | null> {
    const parsed = parseToken(text);
    if (parsed === null) return null;
    if (parsed.kind === 'api') {
      const token = await system.tokens.byId(parsed.id);
      return token === null ? null : { project: token.project, actor: `token:${token.name}`, device: null };
    }
    const credential = await system.credentials.byId(parsed.id);
    return credential === null ? null : { project: credential.project, actor: `device:${credential.device}`, device: credential.device };
  }

  function ofDevice(name: string): Who | null {
    const device = directory.device(name)?.device;
    return device === undefined ? null : { project: device.project, actor: `device:${device.id}`, device: device.id as DeviceId };
  }

  async function ofUser(name: string): Promise<Who | null> {
    const user = await system.users.byName(name);
    return user === null ? null : { project: user.project, actor: `user:${user.name}`, device: null };
  }
}
