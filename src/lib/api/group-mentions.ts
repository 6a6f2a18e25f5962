import { groupPath, isWithin } from '../domain/group.ts';
import type { ProjectId } from '../domain/ids.ts';
import { parseSelector } from '../domain/selector.ts';
import type { JsonValue } from '../domain/value.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Routes } from '../notifications/routes.ts';
import type { ProvisioningRules } from '../provisioning/rules.ts';
import type { Maintenances, Rules } from '../supervision/supervision.ts';
import type { GroupMention } from './schema/groups.ts';

export interface GroupMentionPorts {
  readonly rules: Pick<Rules, 'list'>;
  readonly maintenances: Pick<Maintenances, 'list'>;
  readonly routes: Pick<Routes, 'list'>;
  readonly provisioningRules: Pick<ProvisioningRules, 'list'>;
  readonly directory: Directory;
}

/** Who names a group, or one below it, in words that do not follow when it moves or goes: for those who have to mend that. */
export function mentionsOf(project: ProjectId, path: string, { rules, maintenances, routes, provisioningRules, directory }: GroupMentionPorts): GroupMention[] {
  const isMeant = (group: string): boolean => isWithin(groupPath(group), path);
  const mentions: GroupMention[] = [];
  const add = (kind: GroupMention['kind'], id: string, groups: readonly string[]): void => {
    for (const group of groups) if (isMeant(group)) mentions.push({ kind, id, group });
  };
  for (const { id, document } of rules.list(project)) add('rule', id, textsOf(fieldOf(document.scope, 'group')));
  for (const { id, scope } of maintenances.list(project)) add('maintenance', id, textsOf(scope.group));
  for (const { id, document } of routes.list(project)) add('route', id, textsOf(fieldOf(document.match, 'group')));
  for (const { id, groups } of provisioningRules.list(project)) add('provisioning', id, groups);
  for (const { path: id, selector } of directory.groups.list(project)) if (selector !== null) add('group', id, groupsIn(selector));
  return mentions;
}

function groupsIn(selector: string): readonly string[] {
  const parsed = parseSelector(selector);
  return parsed.ok ? parsed.selector.terms.flatMap(({ field, values }) => (field === 'group' ? (values ?? []) : [])) : [];
}

function fieldOf(value: JsonValue | undefined, field: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [name: string]: JsonValue })[field] : undefined;
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === 'string');
}
