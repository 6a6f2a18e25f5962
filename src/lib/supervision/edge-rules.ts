import { createHash } from 'node:crypto';
import type { Rule } from '../alarms/rule.ts';
import { matchesDevice } from '../alarms/scope.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { RuleRecord } from '../domain/rule-record.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { Rules } from './supervision.ts';

/** A rule for a gateway, and which of its devices are in its scope; what the document says of points is left to the gateway. */
export interface EdgeRule {
  readonly record: RuleRecord;
  readonly rule: Rule;
  readonly devices: readonly DeviceId[];
}

/**
 * The rules with `runsAt: edge` that hold for a device or for those behind it. Not those over groups, which no gateway sees whole. `version` is another whenever any
 * of it is.
 */
export function edgeRulesFor(rules: Rules, directory: Directory, { device }: DeviceEntry): { readonly version: string; readonly rules: readonly EdgeRule[] } {
  const family = [device.id, ...[...directory.children(device.id)].sort()].flatMap((id) => directory.device(id)?.device ?? []);
  const held = rules.inForce(device.project).flatMap((rule): EdgeRule[] => {
    if (rule.runsAt !== 'edge' || rule.condition.subject === 'group') return [];
    const devices = family.filter((member) => matchesDevice(rule.scope, member, directory.membershipOf(member))).map(({ id }) => id);
    return devices.length === 0 ? [] : [{ record: rules.get(device.project, rule.id), rule, devices }];
  });
  const facts = held.map(({ record, devices }) => [record.id, record.version, devices]);
  return { version: createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 22), rules: held };
}
