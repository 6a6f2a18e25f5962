import type {
  Maintenance,
  MaintenanceCreate,
  Rule,
  RuleCheck,
  RuleDocument,
  RuleExplained,
  RuleQuery,
  RuleShown,
  RuleSubject,
} from '../../api/schema/rules.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface RuleResources {
  readonly rules: {
    list(filters?: Filters<RuleQuery>, options?: ListOptions): AsyncGenerator<Rule>;
    create(document: RuleDocument): Promise<RuleShown>;
    /** Changes nothing. */
    check(document: RuleDocument): Promise<RuleCheck>;
    /** `version`: an older one. */
    show(id: string, version?: number): Promise<RuleShown>;
    /** `version`: refused with `conflict` unless the rule has it. */
    update(id: string, document: RuleDocument, version?: number): Promise<RuleShown>;
    delete(id: string): Promise<void>;
    enable(id: string): Promise<RuleShown>;
    disable(id: string): Promise<RuleShown>;
    /** Newest first; of a rule that was deleted too. */
    versions(id: string, options?: ListOptions): AsyncGenerator<Rule>;
    subjects(id: string, options?: ListOptions): AsyncGenerator<RuleSubject>;
    explain(id: string): Promise<RuleExplained>;
  };
  readonly maintenances: {
    list(options?: ListOptions): AsyncGenerator<Maintenance>;
    create(window: MaintenanceCreate): Promise<Maintenance>;
    delete(id: string): Promise<void>;
  };
}

export function ruleResources(connection: Connection): RuleResources {
  return {
    rules: {
      list: (filters, list) => connection.pages('/rules', filters, list),
      create: (body) => connection.request('POST', '/rules', { body }),
      check: (body) => connection.request('POST', '/rules/check', { body }),
      show: (id, version) => connection.request('GET', pathOf('rules', id), { query: { version } }),
      update: (id, body, version) => connection.request('PUT', pathOf('rules', id), { query: { version }, body }),
      delete: (id) => connection.request('DELETE', pathOf('rules', id)),
      enable: (id) => connection.request('POST', `${pathOf('rules', id)}/enable`),
      disable: (id) => connection.request('POST', `${pathOf('rules', id)}/disable`),
      versions: (id, list) => connection.pages(`${pathOf('rules', id)}/versions`, {}, list),
      subjects: (id, list) => connection.pages(`${pathOf('rules', id)}/subjects`, {}, list),
      explain: (id) => connection.request('GET', `${pathOf('rules', id)}/explain`),
    },
    maintenances: {
      list: (list) => connection.pages('/maintenances', {}, list),
      create: (body) => connection.request('POST', '/maintenances', { body }),
      delete: (id) => connection.request('DELETE', pathOf('maintenances', id)),
    },
  };
}
