import type { Rule } from '../alarms/rule.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { HotRules } from './rules.ts';
import type { Ruled } from './suppression.ts';
import type { Watches } from './watches.ts';

/** Rules in force: those that the hub evaluates, and those that gateways do. */
export interface KnownRules {
  /** undefined: none of that id is in force. */
  of(project: ProjectId, id: string): Ruled | undefined;
  atEdge(project: ProjectId): readonly Ruled[];
}

export function createKnownRules({ rules, watches }: { readonly rules: Pick<HotRules, 'inForce'>; readonly watches: Pick<Watches, 'project'> }): KnownRules {
  /** By the list that the rules give, which is another one after each change. */
  const edges = new WeakMap<readonly Rule[], ReadonlyMap<string, Ruled>>();

  return {
    of: (project, id) => watches.project(project)?.states.get(id) ?? edgesOf(project).get(id),
    atEdge: (project) => [...edgesOf(project).values()],
  };

  function edgesOf(project: ProjectId): ReadonlyMap<string, Ruled> {
    const all = rules.inForce(project);
    let known = edges.get(all);
    if (known === undefined) {
      known = new Map(all.filter((rule) => rule.runsAt === 'edge').map((rule) => [rule.id, { project, rule }]));
      edges.set(all, known);
    }
    return known;
  }
}
