import type { Access } from '../access/create-access.ts';
import type { ProjectId } from '../domain/ids.ts';

const NAME = 'local';

/**
 * An administrator's token for whoever starts the hub: for the local context and the ready file. The one of the last start goes on when it is
 * brought along, so that commands under way survive a restart; the hub itself keeps only a hash. Else a new one takes its place.
 */
export async function localToken({ accounts, authenticator }: Access, project: ProjectId, known: string | null): Promise<string> {
  if (known !== null) {
    const answer = await authenticator.bearer(known, null);
    if (answer.ok && answer.principal.kind === 'token' && answer.principal.role === 'admin' && answer.principal.project === project) return known;
  }
  for (const { id, name, user, revokedAt } of await accounts.tokens.list(project)) {
    if (name === NAME && user === null && revokedAt === null) await accounts.tokens.revoke(project, id);
  }
  const { token } = await accounts.tokens.issue({ project, name: NAME, role: 'admin', user: null, expiresAt: null });
  return token;
}
