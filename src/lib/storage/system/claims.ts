import type { Claim } from '../../domain/claim.ts';
import type { ClaimId, DeviceId, ProjectId } from '../../domain/ids.ts';
import type { ClaimedDevice, ClaimRecord, ClaimStorage } from '../claim-storage.ts';
import type { ReadDatabase } from './database.ts';
import { createProvisioningRules } from './provisioning-rules.ts';

interface Row {
  readonly project: string;
  readonly id: string;
  readonly kind: string;
  readonly token_id: string | null;
  readonly secret_hash: string | null;
  readonly authority: string | null;
  readonly devices_max: number | null;
  readonly used: number;
  readonly expires_at: number | null;
  readonly addresses: string;
  readonly type: string | null;
  readonly allowed: string;
  readonly description: string | null;
  readonly created_at: number;
  readonly created_by: string;
  readonly revoked_at: number | null;
}

interface DeviceRow {
  readonly device: string;
  readonly project: string;
  readonly claim: string;
  readonly proof: string | null;
  readonly credential: string | null;
  readonly address: string | null;
  readonly rule: string | null;
  readonly claimed_at: number;
}

const LIST = 'select * from claims where project = ? order by id';
const GET = 'select * from claims where project = ? and id = ?';
const BY_TOKEN = 'select * from claims where token_id = ?';
const BY_AUTHORITY = 'select * from claims where project = ? and authority = ? order by id';
const COUNT = 'select count(*) as count from claims where project = ?';
const INSERT = `insert into claims (project, id, kind, token_id, secret_hash, authority, devices_max, used, expires_at, addresses, type, allowed, description,
    created_at, created_by, revoked_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const REVOKE = 'update claims set revoked_at = ? where project = ? and id = ? and revoked_at is null';
const REMOVE_ENDED = 'delete from claims where project = ? and (revoked_at < ? or expires_at < ?)';
const TAKE = `update claims set used = used + 1 where project = ? and id = ? and revoked_at is null
  and (expires_at is null or expires_at > ?) and (devices_max is null or used < devices_max)`;
const HELD = "select count(*) as count from devices where project = ? and state = 'new'";
const DEVICE = 'select * from claimed_devices where device = ?';
const BY_PROOF = 'select * from claimed_devices where project = ? and proof = ?';
const DEVICES_OF = 'select * from claimed_devices where project = ? and claim = ? and device > ? order by device limit ?';
const INSERT_DEVICE = 'insert into claimed_devices (device, project, claim, proof, credential, address, rule, claimed_at) values (?, ?, ?, ?, ?, ?, ?, ?)';
const RENEW_DEVICE = 'update claimed_devices set credential = ?, claimed_at = ? where device = ? and credential = ?';

export function createClaimStorage(database: () => ReadDatabase): ClaimStorage {
  return {
    list: async (project) => database().all<Row>(LIST, project).map(claimOf),
    get: async (project, id) => optional(database().get<Row>(GET, project, id), claimOf),
    byToken: async (tokenId) => optional(database().get<Row>(BY_TOKEN, tokenId), claimOf),
    byAuthority: async (project, authority) => database().all<Row>(BY_AUTHORITY, project, authority).map(claimOf),
    count: async (project) => database().get<{ count: number }>(COUNT, project)?.count ?? 0,
    insert: (claim) => ({
      sql: INSERT,
      parameters: [
        claim.project,
        claim.id,
        claim.kind,
        claim.tokenId,
        claim.secretHash,
        claim.authority,
        claim.devicesMax,
        claim.used,
        claim.expiresAt,
        JSON.stringify(claim.addresses),
        claim.type,
        JSON.stringify(claim.allowed),
        claim.description,
        claim.createdAt,
        claim.createdBy,
        claim.revokedAt,
      ],
    }),
    revoke: (project, id, at) => ({ sql: REVOKE, parameters: [at, project, id], mustChange: true }),
    removeEnded: (project, before) => ({ sql: REMOVE_ENDED, parameters: [project, before, before] }),
    // Of those on hold the device of this very transaction is one.
    take: (project, id, now, heldMax) =>
      heldMax === null
        ? { sql: TAKE, parameters: [project, id, now], mustChange: true }
        : { sql: `${TAKE} and (${HELD.replace(' as count', '')}) <= ?`, parameters: [project, id, now, project, heldMax], mustChange: true },
    held: async (project) => database().get<{ count: number }>(HELD, project)?.count ?? 0,
    device: async (device) => optional(database().get<DeviceRow>(DEVICE, device), deviceOf),
    byProof: async (project, proof) => optional(database().get<DeviceRow>(BY_PROOF, project, proof), deviceOf),
    devicesOf: async (project, claim, { after, limit }) =>
      database()
        .all<DeviceRow>(DEVICES_OF, project, claim, after ?? '', limit)
        .map(deviceOf),
    insertDevice: ({ device, project, claim, proof, credential, address, rule, claimedAt }) => ({
      sql: INSERT_DEVICE,
      parameters: [device, project, claim, proof, credential, address, rule, claimedAt],
    }),
    renewDevice: (device, before, credential, at) => ({ sql: RENEW_DEVICE, parameters: [credential, at, device, before], mustChange: true }),
    rules: createProvisioningRules(database),
  };
}

function optional<From, To>(row: From | null, to: (row: From) => To): To | null {
  return row === null ? null : to(row);
}

function claimOf(row: Row): ClaimRecord {
  return {
    id: row.id as ClaimId,
    project: row.project as ProjectId,
    kind: row.kind as Claim['kind'],
    tokenId: row.token_id,
    secretHash: row.secret_hash,
    authority: row.authority,
    devicesMax: row.devices_max,
    used: row.used,
    expiresAt: row.expires_at,
    addresses: JSON.parse(row.addresses) as Claim['addresses'],
    type: row.type,
    allowed: JSON.parse(row.allowed) as Claim['allowed'],
    description: row.description,
    createdAt: row.created_at,
    createdBy: row.created_by,
    revokedAt: row.revoked_at,
  };
}

function deviceOf(row: DeviceRow): ClaimedDevice {
  return {
    device: row.device as DeviceId,
    project: row.project as ProjectId,
    claim: row.claim as ClaimId,
    proof: row.proof,
    credential: row.credential,
    address: row.address,
    rule: row.rule,
    claimedAt: row.claimed_at,
  };
}
