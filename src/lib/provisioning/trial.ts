import type { DeviceTypeId, ProjectId } from '../domain/ids.ts';
import type { ClaimRequest, ProvisioningDecision } from '../domain/provisioning.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { ClaimStorage } from '../storage/claim-storage.ts';
import type { SystemStore } from '../storage/system/system-store.ts';
import { checkAllowed, checkLive } from './check-claim.ts';
import { idOf } from './claim-request.ts';
import { decide, type ProvisioningVerdict } from './decide.ts';
import { asEntered, devicesNamed, waitingDevice } from './entered-device.ts';
import { withExistingGroups } from './existing-groups.ts';
import type { ProvisioningRules, RuleFields } from './rules.ts';

export interface TrialRequest {
  readonly request: ClaimRequest;
  /** As if it came with this one; null: with one that limits nothing. */
  readonly claim: string | null;
  readonly address: string | null;
  readonly protocol: string;
  /** As if this rule were there, in the place of its namesake. */
  readonly rule: (RuleFields & { readonly id: string }) | null;
}

export interface TrialOutcome extends ProvisioningVerdict {
  readonly device: string;
  /** Why it would be refused all the same. */
  readonly problem: string | null;
}

/** What would become of a device, by the code that decides. Changes nothing. */
export interface Trial {
  /** Throws not_found (the claim), invalid. */
  try(project: ProjectId, trial: TrialRequest): Promise<TrialOutcome>;
}

export function createTrial(ports: {
  readonly rules: Pick<ProvisioningRules, 'inForce' | 'draft'>;
  readonly storage: Pick<ClaimStorage, 'get'>;
  readonly directory: Pick<Directory, 'device' | 'byAlias' | 'type' | 'groups'>;
  readonly places: Pick<SystemStore['credentials'], 'ofDevice'>;
  readonly clock: () => number;
  readonly fallback: ProvisioningDecision;
}): Trial {
  const { rules, storage, directory, places, clock, fallback } = ports;
  return {
    async try(project, { request: said, claim: name, address, protocol, rule }) {
      const claim = name === null ? null : await storage.get(project, name);
      if (name !== null && claim === null) throw new MusterError('not_found', `there is no claim ${name}`, { hint: 'List them with `muster claim list`.' });
      const waiting = await waitingDevice(places, devicesNamed(directory, project, said), clock());
      const request = waiting === null ? said : asEntered(waiting.device, said);
      const id = idOf(request);
      const origin = { claim: claim?.id ?? '', claimType: claim?.type ?? null, address, protocol };
      const draft = rule === null ? undefined : rules.draft(project, rule.id, rule);
      const decided = decide(rules.inForce(project, draft), id, request, origin, fallback);
      const exists = (path: string): boolean => directory.groups.group(project, path) !== undefined;
      if (waiting !== null) {
        const { kind, type, name: called, groups, labels } = waiting.device;
        return { ...decided, kind, type, name: called, groups, labels, device: id, problem: problemOf(id, null) };
      }
      const verdict = decided.createGroups || decided.decision === 'reject' ? decided : withExistingGroups(decided, exists, null);
      return { ...verdict, device: id, problem: problemOf(id, verdict.type) };

      function problemOf(device: string, type: string | null): string | null {
        try {
          if (claim !== null) {
            checkLive(claim, address, clock());
            checkAllowed(claim, device, request.aliases);
            if (claim.devicesMax !== null && claim.used >= claim.devicesMax) return `the claim ${claim.id} has no place left`;
          }
        } catch (error: unknown) {
          if (!(error instanceof MusterError)) throw error;
          return error.message;
        }
        if (waiting === null && directory.device(device)) return `a device ${device} exists already`;
        return type !== null && !directory.type(project, type as DeviceTypeId) ? `there is no type ${type}` : null;
      }
    },
  };
}
