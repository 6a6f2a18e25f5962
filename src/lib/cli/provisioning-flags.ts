import { Flags } from '@oclif/core';
import type { ProvisioningRuleUpdate } from '../api/schema/provisioning.ts';
import { DEVICE_KINDS } from '../domain/device.ts';
import { PROVISIONING_DECISIONS } from '../domain/provisioning.ts';
import { readDefinition } from './definition-file.ts';
import { pairsOf } from './flags.ts';

/** What a provisioning rule is made of. */
export const PROVISIONING_RULE_FLAGS = {
  when: Flags.string({ summary: 'An expression over the request; without it, the rule always holds', helpValue: '<expression>' }),
  decision: Flags.option({ summary: 'What becomes of a device (default accept)', options: PROVISIONING_DECISIONS })(),
  reason: Flags.string({ summary: 'What a device is told that is held or rejected', helpValue: '<text>' }),
  priority: Flags.integer({ summary: 'The least is asked first (default 100)', helpValue: '<number>', min: 0 }),
  kind: Flags.option({ summary: 'The kind that the device gets', options: DEVICE_KINDS })(),
  type: Flags.string({ summary: 'The type that it gets; may hold expressions', helpValue: '<type>' }),
  name: Flags.string({ summary: 'The name that it gets; may hold expressions', helpValue: '<text>' }),
  group: Flags.string({ summary: 'A group to put it into; may hold expressions; repeats', helpValue: '<group>', multiple: true, multipleNonGreedy: true }),
  'create-groups': Flags.boolean({ summary: 'Make groups that are missing; otherwise a device that is to be in one is held', allowNo: true }),
  label: Flags.string({ summary: 'A label that it gets; may hold expressions; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
  description: Flags.string({ summary: 'What it is for', helpValue: '<text>' }),
  file: Flags.string({ summary: 'YAML or JSON file; - for stdin. Flags win over it', helpValue: '<file>' }),
};

interface Given {
  readonly when?: string | undefined;
  readonly decision?: (typeof PROVISIONING_DECISIONS)[number] | undefined;
  readonly reason?: string | undefined;
  readonly priority?: number | undefined;
  readonly kind?: (typeof DEVICE_KINDS)[number] | undefined;
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly group?: readonly string[] | undefined;
  readonly 'create-groups'?: boolean | undefined;
  readonly label?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly file?: string | undefined;
}

const KEYS = [
  'id',
  'priority',
  'enabled',
  'when',
  'decision',
  'reason',
  'kind',
  'type',
  'name',
  'groups',
  'createGroups',
  'labels',
  'description',
  'createdBy',
];

/** The fields of a rule that a file and flags give; flags win. */
export async function ruleOf(
  { file, group, label, 'create-groups': createGroups, ...flags }: Given,
  signal: AbortSignal,
): Promise<ProvisioningRuleUpdate & { readonly id?: string }> {
  const { createdBy: _createdBy, ...base } = file === undefined ? {} : ((await readDefinition(file, KEYS, signal)) as Record<string, unknown>);
  const given = Object.fromEntries(Object.entries(flags).filter(([name, value]) => value !== undefined && KEYS.includes(name)));
  return {
    ...base,
    ...given,
    ...(group !== undefined && { groups: [...group] }),
    ...(createGroups !== undefined && { createGroups }),
    ...(label !== undefined && { labels: pairsOf('label', label) }),
  };
}
