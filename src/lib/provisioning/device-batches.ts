import { isPasswordHash } from '../access/passwords.ts';
import { makeToken } from '../access/secrets.ts';
import type { Certificates, IssuedCertificate } from '../certificates/create-certificates.ts';
import type { Device } from '../domain/device.ts';
import type { Actor } from '../domain/event.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { DeletionResult, ProvisionDevice, ProvisionItem, ProvisionOptions, ProvisionResult } from '../fleet/provision.ts';
import type { CredentialRecord, SystemStore } from '../storage/system/system-store.ts';
import { type CertificateRow, createBatchCertificates, type WantedCertificate } from './batch-certificates.ts';
import { saysTheSame } from './says-the-same.ts';

/** A credential for a device that is created. With an id it was made elsewhere, and its secret is known there alone. */
export type WantedCredential =
  | { readonly kind: 'token'; readonly id?: string | undefined; readonly secretHash?: string | undefined; readonly expiresAt?: number | null | undefined }
  | { readonly kind: 'password'; readonly id: string; readonly passwordHash: string; readonly expiresAt?: number | null | undefined }
  | { readonly kind: 'claim'; readonly expiresAt?: number | undefined }
  | WantedCertificate;

export interface BatchItem {
  readonly device: ProvisionDevice;
  readonly credential: WantedCredential | null;
}

export interface BatchOptions extends ProvisionOptions {
  /** They were sent before, and nobody knows what became of them. */
  readonly again: boolean;
}

export type GivenCredential =
  | {
      readonly kind: 'token' | 'password' | 'claim';
      readonly record: CredentialRecord;
      /** When it was made here. */
      readonly secret: string | null;
    }
  | { readonly kind: 'certificate'; readonly issued: IssuedCertificate };

export interface BatchItemResult {
  readonly result: ProvisionResult;
  /** What the device got. */
  readonly credential: GivenCredential | null;
}

type GivenSecret = Exclude<GivenCredential, { readonly kind: 'certificate' }>;

/** Batches of devices with their credentials: one transaction each. */
export interface DeviceBatches {
  /** Rejects when nothing of it was written. */
  provision(project: ProjectId, items: readonly BatchItem[], options: BatchOptions, by: Actor): Promise<readonly BatchItemResult[]>;
  delete(project: ProjectId, ids: readonly string[], options: { readonly check: boolean }): Promise<readonly DeletionResult[]>;
}

export interface DeviceBatchPorts {
  readonly fleet: Pick<Fleet, 'provision' | 'deleteDevices'>;
  readonly system: Pick<SystemStore, 'credentials' | 'claims'>;
  readonly directory: Pick<Directory, 'device'>;
  readonly certificates: Pick<Certificates, 'prepare' | 'issue' | 'ofKey'>;
  readonly clock: () => number;
  /** How long a token is valid that says nothing of it; null: until it is removed. */
  readonly tokenDays: number | null;
  /** Batches that are written or wait for it. */
  readonly batchesMax: number;
}

const DAY_MS = 86_400_000;

export function createDeviceBatches({ fleet, system, directory, certificates, clock, tokenDays, batchesMax }: DeviceBatchPorts): DeviceBatches {
  let underWay = 0;
  const papers = createBatchCertificates({ certificates, directory, clock });

  return {
    provision: (project, items, options, by) => inTurn(() => provision(project, items, options, by)),
    delete: (project, ids, options) => inTurn(() => fleet.deleteDevices(project, ids, options)),
  };

  /** They are written one after the other: who waits holds a thousand devices in memory. */
  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (underWay >= batchesMax) throw new MusterError('overloaded', `${batchesMax} batches of devices are being written already (limits.device-batches)`);
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
    }
  }

  async function provision(project: ProjectId, items: readonly BatchItem[], options: BatchOptions, by: Actor): Promise<readonly BatchItemResult[]> {
    const results: (BatchItemResult | null)[] = items.map(() => null);
    const good: { readonly index: number; readonly item: ProvisionItem; readonly given: GivenCredential | null; readonly again?: CertificateRow }[] = [];
    const credentialIds = new Set<string>();
    for (const [index, { device, credential }] of items.entries()) {
      try {
        if (credential?.kind === 'certificate') {
          if (options.mode === 'update') throw keepsItsOwn();
          const row = await papers.row(project, device, credential, by);
          good.push({ index, item: { device, alongside: row.alongside, isRepeated: row.isRepeated }, given: row.given, again: row });
          continue;
        }
        const given = credential === null ? null : credentialOf(project, device.id as DeviceId, credential, options);
        if (given !== null && credentialIds.size === credentialIds.add(given.record.id).size)
          throw new MusterError('conflict', 'the credential of another device of the batch has the same id');
        good.push({ index, item: itemOf(device, given, options), given });
      } catch (error: unknown) {
        if (!(error instanceof MusterError)) throw error;
        results[index] = { result: { ok: false, error }, credential: null };
      }
    }
    const written = await fleet.provision(
      project,
      good.map(({ item }) => item),
      options,
    );
    for (const [place, result] of written.entries()) {
      const row = good[place];
      if (row === undefined) continue;
      const created = result.ok && result.outcome === 'created';
      if (created && row.given === null && row.again !== undefined) results[row.index] = await reissued(row.again, result);
      else results[row.index] = { result, credential: created ? row.given : null };
    }
    return results.filter((result) => result !== null);
  }

  /** It was created before with this key, and the certificate was lost on its way: here is another. */
  async function reissued({ reissue }: CertificateRow, result: ProvisionResult): Promise<BatchItemResult> {
    try {
      return { result, credential: { kind: 'certificate', issued: await reissue() } };
    } catch (error: unknown) {
      if (!(error instanceof MusterError)) throw error;
      return { result: { ok: false, error }, credential: null };
    }
  }

  function credentialOf(project: ProjectId, device: DeviceId, wanted: Exclude<WantedCredential, WantedCertificate>, { mode }: BatchOptions): GivenSecret {
    if (mode === 'update') throw keepsItsOwn();
    const createdAt = clock();
    const expiresAt = wanted.expiresAt !== undefined ? wanted.expiresAt : wanted.kind === 'token' && tokenDays !== null ? createdAt + tokenDays * DAY_MS : null;
    if (expiresAt !== null && expiresAt <= createdAt) throw new MusterError('invalid', 'credential.expiresAt: it would have expired already');
    const { kind } = wanted;
    // A place has no secret, and an id for the list alone.
    if (kind === 'claim') return { kind, record: { id: makeToken('device').id, project, device, kind, secretHash: '', createdAt, expiresAt }, secret: null };
    if (kind === 'password') {
      if (!isPasswordHash(wanted.passwordHash)) throw new MusterError('invalid', 'credential.passwordHash: is no scrypt hash that the hub takes');
      return { kind, record: { id: wanted.id, project, device, kind, secretHash: wanted.passwordHash, createdAt, expiresAt }, secret: null };
    }
    if (wanted.id !== undefined && wanted.secretHash !== undefined)
      return { kind, record: { id: wanted.id, project, device, kind, secretHash: wanted.secretHash, createdAt, expiresAt }, secret: null };
    const { id, token, secretHash } = makeToken('device');
    return { kind, record: { id, project, device, kind, secretHash, createdAt, expiresAt }, secret: token };
  }

  function itemOf(device: ProvisionDevice, given: GivenSecret | null, { mode, again }: BatchOptions): ProvisionItem {
    const known = given !== null && given.kind !== 'claim' && given.secret === null ? given.record : null;
    const isRepeated =
      known !== null
        ? (existing: Device) => isOf(known, existing.id)
        : again && mode === 'create' && (given === null || given.kind === 'claim')
          ? async (existing: Device) => saysTheSame(existing, device) && (given === null || (await hasWaited(existing.id)))
          : undefined;
    return { device, alongside: given === null ? [] : [system.credentials.insert(given.record)], isRepeated };
  }

  /** It may have claimed itself since. */
  async function hasWaited(device: DeviceId): Promise<boolean> {
    return (await system.credentials.ofDevice(device)).some(({ kind }) => kind === 'claim') || (await system.claims.device(device)) !== null;
  }

  /** Nobody else knows the id of a token that was made where the batch comes from. */
  async function isOf(wanted: CredentialRecord, device: DeviceId): Promise<boolean> {
    const record = await system.credentials.byId(wanted.id);
    return record !== null && record.device === device && record.kind === wanted.kind && record.secretHash === wanted.secretHash;
  }
}

function keepsItsOwn(): MusterError {
  return new MusterError('invalid', 'credential: a device that exists keeps the credentials that it has');
}
