import type { Accounts } from '../access/accounts.ts';
import type { ProjectId } from '../domain/ids.ts';

const NAME = 'local';

/**
 * An administrator's token for whoever started the hub: for the local context and the ready file. Each start makes a new one and revokes the
 * former, because the hub keeps only a hash and could not hand out the old one again.
 */
export async function issueLocalToken(accounts: Accounts, project: ProjectId): Promise<string> {
  for (const { id, name, user, revokedAt } of await accounts.tokens.list(project)) {
    if (name === NAME && user === null && revokedAt === null) await accounts.tokens.revoke(project, id);
  }
  const { token } = await accounts.tokens.issue({ project, name: NAME, role: 'admin', user: null, expiresAt: null });
  return token;
}
