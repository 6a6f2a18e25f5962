import { ALIAS_KINDS, type DeviceKind } from '../domain/device.ts';
import type { ClaimRequest, ProvisioningDecision } from '../domain/provisioning.ts';
import { type Assignment, type CompiledRule, failureOf, type RequestBindings } from './compile-rule.ts';

/** Where a request comes from. */
export interface RequestOrigin {
  readonly claim: string;
  /** The type that the claim gives its devices; null: as the rules say. */
  readonly claimType: string | null;
  readonly address: string | null;
  readonly protocol: string;
}

/** One rule that was asked; `holds` null: it could not be told. */
export interface RuleAnswer {
  readonly rule: string;
  readonly holds: boolean | null;
  readonly reason: string | null;
}

export interface ProvisioningVerdict extends Omit<Assignment, 'kind'> {
  readonly decision: ProvisioningDecision;
  /** Which rule decided; null: none did. */
  readonly rule: string | null;
  /** Of what is not accepted: why, for people. */
  readonly reason: string | null;
  readonly kind: DeviceKind;
  /** Those that were asked, in their order. */
  readonly asked: readonly RuleAnswer[];
}

/**
 * What becomes of a device: pure. The first rule that holds decides. When a rule cannot tell, those behind it are not asked and the device is held: to let it in might be what
 * the rule was made against.
 */
export function decide(
  rules: readonly CompiledRule[],
  id: string,
  request: ClaimRequest,
  origin: RequestOrigin,
  fallback: ProvisioningDecision,
): ProvisioningVerdict {
  const bindings = bindingsOf(id, request, origin);
  const asked: RuleAnswer[] = [];
  const own = {
    kind: request.kind ?? ('device' as const),
    type: origin.claimType ?? request.type ?? null,
    name: request.name ?? null,
    groups: [] as readonly string[],
    createGroups: false,
    labels: {},
  };
  for (const compiled of rules) {
    const { rule } = compiled;
    try {
      const holds = compiled.holds(bindings);
      asked.push({ rule: rule.id, holds, reason: null });
      if (!holds) continue;
      const { decision } = rule;
      if (decision === 'reject') return { ...own, decision, rule: rule.id, reason: rule.reason ?? `the rule ${rule.id} rejects it`, asked };
      const given = compiled.assign(bindings);
      const assigned = { kind: given.kind ?? own.kind, type: origin.claimType ?? given.type ?? own.type, name: given.name ?? own.name };
      const reason = decision === 'hold' ? (rule.reason ?? `the rule ${rule.id} holds it`) : null;
      return { ...assigned, groups: given.groups, createGroups: given.createGroups, labels: given.labels, decision, rule: rule.id, reason, asked };
    } catch (error: unknown) {
      const reason = failureOf(rule, error);
      // The one that held and could not be carried out stands there already.
      if (asked.at(-1)?.rule === rule.id) asked.pop();
      asked.push({ rule: rule.id, holds: null, reason });
      return { ...own, decision: 'hold', rule: rule.id, reason, asked };
    }
  }
  const reason = fallback === 'accept' ? null : 'no provisioning rule holds for it';
  return { ...own, decision: fallback, rule: null, reason, asked };
}

function bindingsOf(id: string, { name, kind, type, aliases, labels, attributes }: ClaimRequest, { claim, address, protocol }: RequestOrigin): RequestBindings {
  return {
    id,
    name: name ?? '',
    kind: kind ?? 'device',
    type: type ?? '',
    aliases: Object.fromEntries(ALIAS_KINDS.map((alias) => [alias, aliases[alias] ?? ''])),
    labels,
    attributes,
    claim,
    address: address ?? '',
    protocol,
  };
}
