import type { Principal } from '../access/principal.ts';
import { hashOfSecret } from '../access/secrets.ts';
import type { Device, DeviceState } from '../domain/device.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { ClaimRequest, ProvisioningDecision } from '../domain/provisioning.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Groups } from '../fleet/groups/groups.ts';
import type { Presence } from '../fleet/presence.ts';
import type { ClaimedDevice, ClaimRecord, ClaimStorage } from '../storage/claim-storage.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { asCreated } from './as-created.ts';
import { asNamed, isNamed } from './as-named.ts';
import { checkAllowed, checkLive } from './check-claim.ts';
import { idOf } from './claim-request.ts';
import { decide, type ProvisioningVerdict } from './decide.ts';
import { asEntered, devicesNamed, waitingDevice } from './entered-device.ts';
import { withExistingGroups } from './existing-groups.ts';
import type { NewIdentities, NewIdentity } from './new-identity.ts';
import type { RefusalEvents } from './refusal-events.ts';
import type { RequestRate } from './request-rate.ts';
import type { ProvisioningRules } from './rules.ts';

/** A device's new identity. Over MQTT it goes out as it is, over HTTP too. */
export interface Identity extends NewIdentity {
  readonly device: DeviceId;
  readonly state: DeviceState;
  /** Of what is held: why. */
  readonly reason: string | null;
  /** It had this identity before, and shows that it is the same. */
  readonly repeated: boolean;
  /** The hub's clock. */
  readonly time: number;
}

export interface ClaimOrigin {
  readonly protocol: string;
  readonly address: string | null;
}

/** Counts since the start, by what became of the request. */
export interface ClaimCounts {
  accepted: number;
  held: number;
  repeated: number;
  refused: number;
}

export interface Claiming {
  /**
   * Gives a device its identity; it is on disk when the promise resolves. Throws not_allowed (claim, address, patterns, a rule), limit_reached (no place left), conflict (it
   * exists, or has used its identity), invalid, rate_limited, and what storage throws.
   */
  claim(principal: Principal, request: ClaimRequest, origin: ClaimOrigin): Promise<Identity>;
  /** A request that could not even be read, so that the operator hears of it. */
  unreadable(principal: Principal, error: unknown, origin: ClaimOrigin): void;
  counts(): Readonly<ClaimCounts>;
}

export interface ClaimingPorts {
  readonly storage: ClaimStorage;
  readonly fleet: Pick<Fleet, 'createDevice' | 'adoptDevice'>;
  readonly groups: Pick<Groups, 'ensure'>;
  readonly directory: Pick<Directory, 'device' | 'byAlias' | 'groups'>;
  readonly places: Pick<SystemStore['credentials'], 'ofDevice' | 'takePlace'>;
  readonly presence: Pick<Presence, 'status'>;
  readonly identities: NewIdentities;
  readonly rules: Pick<ProvisioningRules, 'inForce'>;
  readonly rate: RequestRate;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly refusals: RefusalEvents;
  readonly clock: () => number;
  readonly fallback: ProvisioningDecision;
  readonly heldMax: number;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => MusterError | null;
}

/** Troubles of the hub: nothing that the operator of the claim has to hear of. */
const NOT_THE_DEVICE: ReadonlySet<string> = new Set(['overloaded', 'storage_failed', 'disk_full', 'stopping', 'internal', 'rate_limited']);

export function createClaiming(ports: ClaimingPorts): Claiming {
  const { storage, fleet, groups, directory, places, presence, identities, rules, rate, recorder, refusals, clock, fallback, heldMax, closed } = ports;
  const counts: ClaimCounts = { accepted: 0, held: 0, repeated: 0, refused: 0 };

  return {
    counts: () => counts,
    async claim(principal, request, origin) {
      if (principal.kind !== 'claim') throw new MusterError('not_allowed', 'only a claim gives a device its identity', { hint: 'Send the token of a claim.' });
      try {
        const refusal = closed();
        if (refusal !== null) throw refusal;
        const waitMs = rate.take(`${principal.project} ${principal.id}`);
        if (waitMs !== null)
          throw new MusterError('rate_limited', `too many devices ask with the claim ${principal.id} (limits.claim-requests-per-second)`, {
            details: { retryAfterMs: waitMs },
          });
        return await claimOnce(principal, asNamed(principal, request), origin);
      } catch (error: unknown) {
        refused(principal, request.id ?? null, error, origin);
        throw error;
      }
    },
    unreadable: (principal, error, origin) => refused(principal, null, error, origin),
  };

  function refused(principal: Principal, device: string | null, error: unknown, { address }: ClaimOrigin): void {
    counts.refused += 1;
    if (principal.kind !== 'claim' || !(error instanceof MusterError) || NOT_THE_DEVICE.has(error.code)) return;
    refusals.refused({ project: principal.project, claim: principal.id, code: error.code, reason: messageOf(error), device, address });
  }

  async function claimOnce({ project, id: claimId, named }: Extract<Principal, { kind: 'claim' }>, said: ClaimRequest, origin: ClaimOrigin): Promise<Identity> {
    const now = clock();
    const claim = await storage.get(project, claimId);
    if (claim === null) throw new MusterError('not_allowed', 'the claim is gone');
    checkLive(claim, origin.address, now);
    const proof = said.proof === undefined ? null : hashOfSecret(said.proof);
    const entered = await enteredDevice(project, said, proof);
    if (entered !== null && named !== undefined && !isNamed(entered.device, named))
      throw new MusterError('not_allowed', 'the certificate does not name the device that was entered');
    const request = entered === null ? said : asEntered(entered.device, said);
    const id = idOf(request);
    checkAllowed(claim, id, request.aliases);
    const earlier = await cameBefore(claim, id, proof, entered?.place !== undefined);
    if (earlier !== null) return again(claim, earlier, request.csr, origin);
    const decided = decide(rules.inForce(project), id, request, { claim: claimId, claimType: claim.type, ...origin }, fallback);
    if (decided.decision === 'reject') throw new MusterError('not_allowed', decided.reason ?? 'the device is rejected');
    // Where one stands that was entered, its operator has said.
    const verdict = entered === null ? await inGroups(project, claim, decided) : decided;
    try {
      return entered?.place === undefined
        ? await create(claim, id, request, proof, verdict, origin)
        : await adopt(claim, entered.device, entered.place, request, proof, verdict, origin);
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || error.code !== 'conflict') throw error;
      // The same device may have asked twice at once, on a bad link.
      const meanwhile = await cameBefore(claim, id, proof, entered?.place !== undefined);
      if (meanwhile !== null) return again(claim, meanwhile, request.csr, origin);
      throw await explained(claim, verdict, error);
    }
  }

  /** A group that nobody made holds a device up, and takes its identity from nobody. */
  async function inGroups(project: ProjectId, { id }: ClaimRecord, decided: ProvisioningVerdict): Promise<ProvisioningVerdict> {
    const exists = (path: string): boolean => directory.groups.group(project, path) !== undefined;
    if (!decided.createGroups) return withExistingGroups(decided, exists, null);
    try {
      await groups.ensure(project, decided.groups, `claim:${id}`);
      return decided;
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || NOT_THE_DEVICE.has(error.code)) throw error;
      return withExistingGroups(decided, exists, error.message);
    }
  }

  /** The device of this very proof, if it came with this claim; null: nobody came with it. Throws conflict for what belongs to somebody else. */
  async function cameBefore(claim: ClaimRecord, id: string, proof: string | null, waits: boolean): Promise<ClaimedDevice | null> {
    const earlier = proof === null ? null : await storage.byProof(claim.project, proof);
    if (earlier !== null) {
      if (earlier.device === id && earlier.claim === claim.id) return earlier;
      throw new MusterError('conflict', 'this proof belongs to another identity', { hint: 'Make a proof of its own for each device, at random.' });
    }
    if (!waits && directory.device(id)) throw exists(id);
    return null;
  }

  /** The device that was entered before and that a request means: one that waits has a place; one that this very device claimed has none any more. */
  async function enteredDevice(
    project: ProjectId,
    request: ClaimRequest,
    proof: string | null,
  ): Promise<{ readonly device: Device; readonly place?: string } | null> {
    const named = devicesNamed(directory, project, request);
    const waiting = await waitingDevice(places, named, clock());
    if (waiting !== null) return waiting;
    const earlier = proof === null ? null : await storage.byProof(project, proof);
    const device = named.find(({ id }) => id === earlier?.device);
    if (device === undefined && named.length > 0 && request.id === undefined)
      throw new MusterError('conflict', 'a device with this alias exists already', {
        hint: 'A device that asks again must show the proof that it asked with first.',
      });
    return device === undefined ? null : { device };
  }

  async function create(
    claim: ClaimRecord,
    id: string,
    request: ClaimRequest,
    proof: string | null,
    verdict: ProvisioningVerdict,
    { address }: ClaimOrigin,
  ): Promise<Identity> {
    const { project } = claim;
    const now = clock();
    const isHeld = verdict.decision === 'hold';
    const { kind, type, name, labels, rule } = verdict;
    const device = { id, kind, labels, groups: verdict.groups, aliases: request.aliases, state: isHeld ? ('new' as const) : ('active' as const) };
    const { identity, statements } = await identities.prepare(asCreated(project, device, now), claim.id, request.csr);
    // The device, its credential and its place in the claim: all of it or nothing.
    const entry = await fleet.createDevice(project, { ...device, ...(type !== null && { type }), ...(name !== null && { name }) }, [
      storage.take(project, claim.id, now, isHeld ? heldMax : null),
      storage.insertDevice({ device: id as DeviceId, project, claim: claim.id, proof, credential: identity.credential, address, rule, claimedAt: now }),
      ...statements,
    ]);
    counts[isHeld ? 'held' : 'accepted'] += 1;
    const why = isHeld ? `waits to be approved: ${verdict.reason}` : 'was let in';
    record(isHeld ? 'device.held' : 'device.claimed', entry.device, claim, `the device ${id} came with the claim ${claim.id} and ${why}`, {
      ...{ rule, address, type: entry.device.type, reason: verdict.reason },
    });
    return identityOf(entry.device, identity, { repeated: false, reason: verdict.reason });
  }

  /** One that was entered, and waited: what was entered stays, and the claim and the rules say no more than whether it comes in. */
  async function adopt(
    claim: ClaimRecord,
    device: Device,
    place: string,
    { csr }: ClaimRequest,
    proof: string | null,
    { decision, rule, reason: why }: ProvisioningVerdict,
    { address }: ClaimOrigin,
  ): Promise<Identity> {
    const now = clock();
    const hold = decision === 'hold';
    const { identity, statements } = await identities.prepare(device, claim.id, csr);
    const wasHeard = (): boolean => presence.status(device.id).lastSeenAt !== null;
    const { device: adopted } = await fleet.adoptDevice(claim.project, device.id, { hold, wasHeard }, [
      places.takePlace(device.id, place, now),
      storage.take(claim.project, claim.id, now, hold ? heldMax : null),
      storage.insertDevice({
        device: device.id,
        project: claim.project,
        claim: claim.id,
        proof,
        credential: identity.credential,
        address,
        rule,
        claimedAt: now,
      }),
      ...statements,
    ]);
    const isHeld = adopted.state === 'new';
    const reason = isHeld ? (why ?? 'it was entered so') : null;
    counts[isHeld ? 'held' : 'accepted'] += 1;
    const text = `the device ${device.id}, which was entered before, came with the claim ${claim.id} and ${isHeld ? `waits to be approved: ${reason}` : 'was let in'}`;
    record(isHeld ? 'device.held' : 'device.claimed', adopted, claim, text, { rule, address, type: adopted.type, reason, entered: true });
    return identityOf(adopted, identity, { repeated: false, reason });
  }

  /** It asks again: the answer was lost. As long as it has not used what it got, it gets another one. */
  async function again(
    claim: ClaimRecord,
    { device: id, credential: before }: ClaimedDevice,
    csr: string | undefined,
    { address }: ClaimOrigin,
  ): Promise<Identity> {
    const device = entryOf(id)?.device;
    if (device === undefined || device.project !== claim.project) throw exists(id);
    if (before === null || device.state === 'retired' || device.state === 'disabled') throw used(id);
    const credential = await identities.reissue(device, before, claim.id, csr, (next) => [storage.renewDevice(id, before, next, clock())]);
    counts.repeated += 1;
    const text = `the device ${id} came again with the claim ${claim.id}, before it had used its credential: it has a new one`;
    record(device.state === 'new' ? 'device.held' : 'device.claimed', device, claim, text, { address, repeated: true });
    return identityOf(device, credential, { repeated: true, reason: null });
  }

  /** Why the transaction was refused: somebody else was faster. */
  async function explained({ project, id }: ClaimRecord, { decision }: ProvisioningVerdict, error: MusterError): Promise<MusterError> {
    const claim = await storage.get(project, id);
    if (claim === null || claim.revokedAt !== null) return new MusterError('not_allowed', `the claim ${id} is revoked`);
    if (claim.expiresAt !== null && claim.expiresAt <= clock()) return new MusterError('not_allowed', `the claim ${id} has expired`);
    if (claim.devicesMax !== null && claim.used >= claim.devicesMax)
      return new MusterError('limit_reached', `the claim ${id} has no place left: ${claim.devicesMax} devices came with it`, {
        hint: 'Make another claim with `muster claim create`: the place of a device that was deleted is not given back.',
      });
    if (decision === 'hold' && (await storage.held(project)) >= heldMax)
      return new MusterError('limit_reached', `${heldMax} devices wait to be approved already (limits.devices-held-per-project)`);
    return error;
  }

  function entryOf(id: string): DeviceEntry | undefined {
    return directory.device(id);
  }

  function identityOf(device: Device, identity: NewIdentity, more: Pick<Identity, 'repeated' | 'reason'>): Identity {
    return { device: device.id, state: device.state, ...identity, ...more, time: clock() };
  }

  function record(kind: 'device.claimed' | 'device.held', device: Device, claim: ClaimRecord, text: string, details: Record<string, string | boolean | null>) {
    recorder.record({
      ...{ project: claim.project, time: clock(), kind, actor: `claim:${claim.id}`, severity: null, device: device.id, point: null, alarm: null, rule: null },
      ...{ text, details: { claim: claim.id, ...details } },
    });
  }
}

function exists(id: string): MusterError {
  return new MusterError('conflict', `a device ${id} exists already`, { hint: 'A device that asks again must show the proof that it asked with first.' });
}
function used(id: string): MusterError {
  return new MusterError('conflict', `the device ${id} has its identity already`, {
    hint: 'A claim gives an identity once. Make a credential with `muster device credential create`, or delete the device so that it can come anew.',
  });
}
