import type { ProjectId } from '../domain/ids.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import type { Accounts } from './accounts.ts';
import { commitAccess } from './commit-access.ts';

export interface FirstStart {
  readonly project: ProjectId;
  readonly user: string;
  /** Made by the hub, shown this once: no password is built in. */
  readonly password: string;
}

const FIRST_PROJECT = 'default' as ProjectId;
const FIRST_USER = 'admin';

/**
 * A hub that nobody can log in to gets project `default` and administrator `admin`. null: there is a user already. A crash between the
 * two is made good by the next start.
 */
export async function ensureFirstStart(ports: {
  readonly system: Pick<SystemStore, 'log' | 'projects' | 'users'>;
  readonly accounts: Pick<Accounts, 'users'>;
  readonly clock: () => number;
}): Promise<FirstStart | null> {
  const { system, accounts, clock } = ports;
  const projects = await system.projects.all();
  for (const { id } of projects) if ((await system.users.list(id)).length > 0) return null;
  const project = projects[0]?.id ?? FIRST_PROJECT;
  if (projects.length === 0)
    await commitAccess(system.log, [system.projects.insert({ id: project, description: null, createdAt: clock(), retention: null })], () => null);
  const { name, password } = await accounts.users.create(project, { name: FIRST_USER, role: 'admin' });
  if (password === undefined) throw new Error('no password was made for the first user');
  return { project, user: name, password };
}
