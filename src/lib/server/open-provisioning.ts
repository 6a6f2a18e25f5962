import type { Access } from '../access/create-access.ts';
import type { ListCounts } from '../certificates/revocation-lists.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Groups } from '../fleet/groups/groups.ts';
import type { ClaimDesk } from '../ingest/claim-desk.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import { type Approval, createApproval } from '../provisioning/approval.ts';
import { createClaimDesk } from '../provisioning/claim-desk.ts';
import { type Claims, createClaims } from '../provisioning/claims.ts';
import { type ClaimCounts, type Claiming, createClaiming } from '../provisioning/create-claiming.ts';
import { createNewIdentities } from '../provisioning/new-identity.ts';
import { createRefusalEvents } from '../provisioning/refusal-events.ts';
import { createRenewal, type Renewal } from '../provisioning/renewal.ts';
import { createRenewalMessages } from '../provisioning/renewal-messages.ts';
import { createRequestRate } from '../provisioning/request-rate.ts';
import { loadProvisioningRules, type ProvisioningRules } from '../provisioning/rules.ts';
import { createTrial, type Trial } from '../provisioning/trial.ts';
import { watchCertificates } from '../provisioning/watch-certificates.ts';
import { watchExpiry } from '../provisioning/watch-expiry.ts';
import type { Foundation } from './foundation.ts';
import type { EventsDoor } from './open-events.ts';

/** How devices come into the fleet by themselves, and keep their credentials. */
export interface ProvisioningDoor {
  /** What the API is made of. */
  readonly routePorts: {
    readonly claims: Claims;
    readonly provisioningRules: ProvisioningRules;
    readonly claiming: Claiming;
    readonly approval: Approval;
    readonly renewal: Renewal;
    readonly trial: Trial;
  };
  /** What MQTT hands its messages to. */
  readonly desk: ClaimDesk;
  readonly renewals: DeviceMessages;
  /** Since the start. */
  counts(): { readonly claims: Readonly<ClaimCounts>; readonly renewed: number; readonly revocationLists: ListCounts };
  /** Looks from now on after credentials that expire. */
  start(): void;
}

/** A device that renews more often than this has lost its way. */
const RENEWALS_BURST = 5;
const RENEWALS_PER_SECOND = 0.1;
const RENEWING_REMEMBERED_MAX = 100_000;

export async function openProvisioning(
  ports: Foundation & {
    readonly access: Access;
    readonly events: EventsDoor;
    readonly fleet: Fleet;
    readonly groups: Groups;
  },
): Promise<ProvisioningDoor> {
  const { settings, storage, access, events, fleet, groups, clock, log, shutdown } = ports;
  const { system, directory } = storage;
  const { recorder } = events;
  const { deviceCredentials: credentials } = access;
  const provisioningRules = await loadProvisioningRules({
    storage: system.claims.rules,
    log: system.log,
    clock,
    rulesMax: settings['limits.provisioning-rules-per-project'],
    unreadable: ({ project, id }, error) =>
      log.error({ project, rule: id, reason: messageOf(error) }, 'a provisioning rule cannot be read: devices that it would be asked for are held'),
  });
  const refusals = createRefusalEvents(recorder, clock);
  const perSecond = settings['limits.claim-requests-per-second'];
  const claiming = createClaiming({
    storage: system.claims,
    fleet,
    groups,
    directory,
    places: system.credentials,
    presence: storage.presence,
    identities: createNewIdentities({
      credentials,
      certificates: access.certificates,
      system,
      repeats: createRequestRate({ perSecond: RENEWALS_PER_SECOND, burst: RENEWALS_BURST, clock, rememberedMax: RENEWING_REMEMBERED_MAX }),
      clock,
    }),
    rules: provisioningRules,
    rate: createRequestRate({ perSecond, burst: perSecond, clock }),
    recorder,
    refusals,
    clock,
    fallback: settings['provisioning.default'],
    heldMax: settings['limits.devices-held-per-project'],
    closed: storage.disk.refusal,
  });
  const renewal = createRenewal({
    credentials,
    certificates: access.certificates,
    rate: createRequestRate({ perSecond: RENEWALS_PER_SECOND, burst: RENEWALS_BURST, clock, rememberedMax: RENEWING_REMEMBERED_MAX }),
    recorder,
    clock,
  });
  const expiry = watchExpiry({ system, recorder, warningDays: settings['access.expiry-warning-days'], clock, log });
  const ending = watchCertificates({
    system,
    authorities: access.certificates.authorities,
    lists: access.certificates.lists,
    recorder,
    warningDays: settings['access.expiry-warning-days'],
    clock,
    log,
  });
  shutdown.defer('provisioning', async () => {
    refusals.stop();
    await Promise.all([expiry.stop(), ending.stop()]);
  });
  return {
    routePorts: {
      claims: createClaims({ storage: system.claims, log: system.log, clock, claimsMax: settings['limits.claims-per-project'] }),
      provisioningRules,
      claiming,
      approval: createApproval({ fleet, recorder, clock }),
      renewal,
      trial: createTrial({
        rules: provisioningRules,
        storage: system.claims,
        directory,
        places: system.credentials,
        clock,
        fallback: settings['provisioning.default'],
      }),
    },
    desk: createClaimDesk(claiming),
    renewals: createRenewalMessages(renewal),
    counts: () => ({ claims: claiming.counts(), renewed: renewal.renewed(), revocationLists: access.certificates.lists.counts() }),
    start() {
      expiry.start();
      ending.start();
    },
  };
}
