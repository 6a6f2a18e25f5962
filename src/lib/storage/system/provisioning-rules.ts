import type { ProjectId } from '../../domain/ids.ts';
import type { ProvisioningRule } from '../../domain/provisioning.ts';
import type { ClaimStorage } from '../claim-storage.ts';
import type { ReadDatabase } from './database.ts';

interface Row {
  readonly project: string;
  readonly id: string;
  readonly document: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly created_by: string;
}

type Document = Omit<ProvisioningRule, 'id' | 'project' | 'createdAt' | 'updatedAt' | 'createdBy'>;

const ALL = 'select * from provisioning_rules order by project, id';
const INSERT = 'insert into provisioning_rules (project, id, document, created_at, updated_at, created_by) values (?, ?, ?, ?, ?, ?)';
const UPDATE = 'update provisioning_rules set document = ?, updated_at = ? where project = ? and id = ?';
const REMOVE = 'delete from provisioning_rules where project = ? and id = ?';

export function createProvisioningRules(database: () => ReadDatabase): ClaimStorage['rules'] {
  return {
    all: async () => database().all<Row>(ALL).map(ruleOf),
    insert: (rule) => ({ sql: INSERT, parameters: [rule.project, rule.id, documentOf(rule), rule.createdAt, rule.updatedAt, rule.createdBy] }),
    update: (rule) => ({ sql: UPDATE, parameters: [documentOf(rule), rule.updatedAt, rule.project, rule.id], mustChange: true }),
    remove: (project, id) => ({ sql: REMOVE, parameters: [project, id], mustChange: true }),
  };
}

function documentOf({ priority, enabled, when, decision, reason, kind, type, name, groups, createGroups, labels, description }: ProvisioningRule): string {
  return JSON.stringify({ priority, enabled, when, decision, reason, kind, type, name, groups, createGroups, labels, description } satisfies Document);
}

function ruleOf(row: Row): ProvisioningRule {
  return {
    // Rules of an older hub do not say it.
    createGroups: false,
    ...(JSON.parse(row.document) as Omit<Document, 'createGroups'>),
    id: row.id,
    project: row.project as ProjectId,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
  };
}
