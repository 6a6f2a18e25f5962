import type { Claim } from '../domain/claim.ts';
import type { Actor, EventKind } from '../domain/event.ts';
import type { ProvisioningRule } from '../domain/provisioning.ts';
import type { NewEvent } from './event-recorder.ts';

export function claimCreated(claim: Claim, actor: Actor, time: number): NewEvent {
  const { devicesMax, expiresAt, addresses, type, allowed } = claim;
  const many = devicesMax === null ? 'any number of devices' : `${devicesMax} devices`;
  return claimEvent('claim.created', claim, actor, time, `the claim ${claim.id} for ${many} was created by ${actor}`, {
    ...{ devicesMax, expiresAt, addresses: [...addresses], type, allowed: allowed.length },
  });
}

export function claimRevoked(claim: Claim, actor: Actor, time: number): NewEvent {
  const text = `the claim ${claim.id} was revoked by ${actor}; ${claim.used} devices came with it`;
  return claimEvent('claim.revoked', claim, actor, time, text, { used: claim.used });
}

export function provisioningRuleEvent(
  kind: Extract<EventKind, `provisioning-rule.${string}`>,
  { project, id, decision, when, priority }: ProvisioningRule,
  actor: Actor,
  time: number,
): NewEvent {
  const text = `the provisioning rule ${id} was ${kind.slice('provisioning-rule.'.length)} by ${actor}`;
  return eventOf(kind, project, actor, time, text, { provisioningRule: id, decision, when, priority });
}

function claimEvent(kind: EventKind, { project, id }: Claim, actor: Actor, time: number, text: string, details: NewEvent['details']): NewEvent {
  return eventOf(kind, project, actor, time, text, { claim: id, ...details });
}

function eventOf(kind: EventKind, project: Claim['project'], actor: Actor, time: number, text: string, details: NewEvent['details']): NewEvent {
  return { project, time, kind, actor, severity: null, device: null, point: null, alarm: null, rule: null, text, details };
}
