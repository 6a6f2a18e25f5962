import { isNetwork } from '../access/networks.ts';
import { makeToken } from '../access/secrets.ts';
import type { Claim } from '../domain/claim.ts';
import type { Actor } from '../domain/event.ts';
import type { ClaimId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import { commitOrExplain } from '../fleet/commit-or-explain.ts';
import type { ClaimedDevice, ClaimRecord, ClaimStorage } from '../storage/claim-storage.ts';
import type { CommitLog } from '../storage/commit-log.ts';

export interface NewClaim {
  readonly id: string;
  readonly devicesMax: number | null;
  readonly expiresAt: number | null;
  readonly addresses: readonly string[];
  readonly type: string | null;
  readonly allowed: readonly string[];
  readonly description: string | null;
}

/** Claims as operators see them: without the secret. */
export interface Claims {
  list(project: ProjectId): Promise<readonly Claim[]>;
  /** Throws not_found. */
  get(project: ProjectId, id: string): Promise<Claim>;
  /** Shows the token this once. Throws conflict, invalid, limit_reached. */
  create(project: ProjectId, claim: NewClaim, actor: Actor): Promise<{ readonly claim: Claim; readonly token: string }>;
  /** From then on nobody comes with it; who came before stays. One that was revoked stays as it is. Throws not_found. */
  revoke(project: ProjectId, id: string): Promise<Claim>;
  /** Who came with it, by id. Throws not_found. */
  devices(project: ProjectId, id: string, page: { readonly after: string | null; readonly limit: number }): Promise<readonly ClaimedDevice[]>;
}

export interface ClaimsPorts {
  readonly storage: ClaimStorage;
  readonly log: CommitLog;
  readonly clock: () => number;
  readonly claimsMax: number;
}

/** Ended claims stay in the list for so long, unless there is no room for another. */
const ENDED_KEPT_MS = 90 * 86_400_000;

export function createClaims({ storage, log, clock, claimsMax }: ClaimsPorts): Claims {
  async function find(project: ProjectId, id: string): Promise<ClaimRecord> {
    const claim = await storage.get(project, id);
    if (claim === null) throw new MusterError('not_found', `there is no claim ${id.slice(0, 130)}`, { hint: 'List them with `muster claim list`.' });
    return claim;
  }

  return {
    list: async (project) => (await storage.list(project)).map(viewOf),
    get: async (project, id) => viewOf(await find(project, id)),
    async create(project, wanted, actor) {
      const now = clock();
      if (wanted.expiresAt !== null && wanted.expiresAt <= now) throw new MusterError('invalid', 'the claim would have expired already');
      for (const network of wanted.addresses)
        if (!isNetwork(network)) throw new MusterError('invalid', `addresses: ${JSON.stringify(network.slice(0, 60))} is no network such as 10.1.0.0/16`);
      if ((await storage.count(project)) >= claimsMax) {
        await commitOrExplain(log, [storage.removeEnded(project, now)], {});
        if ((await storage.count(project)) >= claimsMax)
          throw new MusterError('limit_reached', `the project has ${claimsMax} claims (limits.claims-per-project)`, {
            hint: 'Revoke those that are not needed.',
          });
      }
      const { id: tokenId, token, secretHash } = makeToken('claim');
      const record: ClaimRecord = {
        ...wanted,
        id: wanted.id as ClaimId,
        project,
        kind: 'token',
        used: 0,
        createdAt: now,
        createdBy: actor,
        revokedAt: null,
        tokenId,
        secretHash,
        authority: null,
      };
      await commitOrExplain(log, [storage.removeEnded(project, now - ENDED_KEPT_MS), storage.insert(record)], {
        unique: () => new MusterError('conflict', `a claim ${wanted.id} exists already`),
        reference: () => new MusterError('not_found', 'the project does not exist'),
      });
      return { claim: viewOf(record), token };
    },
    async revoke(project, id) {
      const claim = await find(project, id);
      if (claim.revokedAt !== null) return viewOf(claim);
      const revokedAt = clock();
      // Stale: somebody else was faster, which is as well.
      await commitOrExplain(log, [{ ...storage.revoke(project, id, revokedAt), mustChange: false }], {});
      return viewOf({ ...claim, revokedAt });
    },
    async devices(project, id, page) {
      await find(project, id);
      return storage.devicesOf(project, id, page);
    },
  };
}

function viewOf({ tokenId: _tokenId, secretHash: _secretHash, authority: _authority, ...claim }: ClaimRecord): Claim {
  return claim;
}
