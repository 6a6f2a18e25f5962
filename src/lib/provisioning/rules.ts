import type { Actor } from '../domain/event.ts';
import { GROUP_RULE, isName, NAME_RULE, type ProjectId } from '../domain/ids.ts';
import type { ProvisioningRule } from '../domain/provisioning.ts';
import { MusterError } from '../errors/muster-error.ts';
import { commitOrExplain } from '../fleet/commit-or-explain.ts';
import type { ClaimStorage } from '../storage/claim-storage.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import { type CompiledRule, compileRule } from './compile-rule.ts';

/** What somebody writes; absent fields have their defaults, or stay. */
export type RuleFields = { readonly [Field in (typeof FIELDS)[number]]?: ProvisioningRule[Field] | undefined };

const FIELDS = ['priority', 'enabled', 'when', 'decision', 'reason', 'kind', 'type', 'name', 'groups', 'createGroups', 'labels', 'description'] as const;
const DEFAULTS: Pick<ProvisioningRule, (typeof FIELDS)[number]> = {
  priority: 100,
  enabled: true,
  when: null,
  decision: 'accept',
  reason: null,
  kind: null,
  type: null,
  name: null,
  groups: [],
  createGroups: false,
  labels: {},
  description: null,
};

/** The provisioning rules of all projects: on disk, and compiled in memory. */
export interface ProvisioningRules {
  /** In the order in which they are asked. */
  list(project: ProjectId): readonly ProvisioningRule[];
  /** Throws not_found. */
  get(project: ProjectId, id: string): ProvisioningRule;
  /** Those in force, in their order. `instead`: as if this one were there too, in the place of its namesake. */
  inForce(project: ProjectId, instead?: ProvisioningRule): readonly CompiledRule[];
  /** One that is not kept, to try it. Throws invalid. */
  draft(project: ProjectId, id: string, fields: RuleFields): ProvisioningRule;
  /** Throws conflict, invalid, limit_reached. */
  create(project: ProjectId, id: string, fields: RuleFields, actor: Actor): Promise<ProvisioningRule>;
  /** Throws not_found, invalid. */
  update(project: ProjectId, id: string, fields: RuleFields): Promise<ProvisioningRule>;
  /** Throws not_found. */
  remove(project: ProjectId, id: string): Promise<void>;
}

export interface ProvisioningRulePorts {
  readonly storage: ClaimStorage['rules'];
  readonly log: CommitLog;
  readonly clock: () => number;
  readonly rulesMax: number;
  /** A stored rule that cannot be compiled, as after a downgrade. */
  readonly unreadable: (rule: ProvisioningRule, error: unknown) => void;
}

export async function loadProvisioningRules(ports: ProvisioningRulePorts): Promise<ProvisioningRules> {
  const { storage, log, clock, rulesMax } = ports;
  const projects = new Map<ProjectId, Map<string, CompiledRule>>();
  for (const rule of await storage.all()) {
    try {
      put(compileRule(rule));
    } catch (error: unknown) {
      ports.unreadable(rule, error);
      // Nobody knows whom it would have kept out.
      put({ rule, holds: () => refuse(error), assign: () => refuse(error) });
    }
  }

  return {
    list: (project) => sorted([...of(project).values()]).map(({ rule }) => rule),
    get: (project, id) => find(project, id).rule,
    inForce(project, instead) {
      const rules = [...of(project).values()].filter(({ rule }) => rule.id !== instead?.id);
      if (instead !== undefined) rules.push(compileRule(instead));
      return sorted(rules.filter(({ rule }) => rule.enabled));
    },
    draft: (project, id, fields) => draft(project, id, fields, 'nobody'),
    async create(project, id, fields, actor) {
      const compiled = compileRule(draft(project, id, fields, actor));
      if (of(project).has(id)) throw taken(id);
      if (of(project).size >= rulesMax)
        throw new MusterError('limit_reached', `the project has ${rulesMax} provisioning rules (limits.provisioning-rules-per-project)`);
      await commitOrExplain(log, [storage.insert(compiled.rule)], { unique: () => taken(id) });
      put(compiled);
      return compiled.rule;
    },
    async update(project, id, fields) {
      const before = find(project, id).rule;
      const compiled = compileRule(checked({ ...before, ...given(fields), updatedAt: clock() }));
      await commitOrExplain(log, [storage.update(compiled.rule)], { stale: () => unknown(id) });
      put(compiled);
      return compiled.rule;
    },
    async remove(project, id) {
      find(project, id);
      await commitOrExplain(log, [storage.remove(project, id)], { stale: () => unknown(id) });
      projects.get(project)?.delete(id);
    },
  };

  function of(project: ProjectId): ReadonlyMap<string, CompiledRule> {
    return projects.get(project) ?? new Map();
  }

  function put(compiled: CompiledRule): void {
    const { project, id } = compiled.rule;
    const known = projects.get(project);
    if (known) known.set(id, compiled);
    else projects.set(project, new Map([[id, compiled]]));
  }

  function find(project: ProjectId, id: string): CompiledRule {
    const found = of(project).get(id);
    if (found === undefined) throw unknown(id);
    return found;
  }

  function draft(project: ProjectId, id: string, fields: RuleFields, actor: Actor): ProvisioningRule {
    if (!isName(id)) throw new MusterError('invalid_name', `${JSON.stringify(id.slice(0, 100))} is no name of a rule`, { hint: `Use ${NAME_RULE}.` });
    const now = clock();
    return checked({ ...DEFAULTS, ...given(fields), id, project, createdAt: now, updatedAt: now, createdBy: actor });
  }
}

function refuse(error: unknown): never {
  throw error;
}

function given(fields: RuleFields): Partial<Pick<ProvisioningRule, (typeof FIELDS)[number]>> {
  return Object.fromEntries(FIELDS.flatMap((field) => (fields[field] === undefined ? [] : [[field, fields[field]]])));
}

/** What can be seen of it without a device: names that hold no expression must be names. */
function checked(rule: ProvisioningRule): ProvisioningRule {
  if (rule.decision !== 'reject') {
    if (rule.type !== null && !rule.type.includes('${') && !isName(rule.type)) throw new MusterError('invalid', `type: it must be ${NAME_RULE}`);
    for (const group of rule.groups)
      if (!group.includes('${') && !group.split('/').every(isName)) throw new MusterError('invalid', `groups: it must be ${GROUP_RULE}`);
  }
  for (const label of Object.keys(rule.labels))
    if (!isName(label)) throw new MusterError('invalid', `labels: ${JSON.stringify(label.slice(0, 100))} must be ${NAME_RULE}`);
  return rule;
}

function sorted(rules: CompiledRule[]): CompiledRule[] {
  return rules.sort(({ rule: one }, { rule: other }) => one.priority - other.priority || (one.id < other.id ? -1 : 1));
}

function unknown(id: string): MusterError {
  return new MusterError('not_found', `there is no provisioning rule ${id.slice(0, 130)}`, { hint: 'List them with `muster provisioning list`.' });
}
function taken(id: string): MusterError {
  return new MusterError('conflict', `a provisioning rule ${id} exists already`);
}
