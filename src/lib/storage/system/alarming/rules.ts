import type { ProjectId, RuleId } from '../../../domain/ids.ts';
import type { RuleRecord } from '../../../domain/rule-record.ts';
import type { AlarmStorage } from '../../alarm-storage.ts';
import type { SqlValue } from '../../commit-log.ts';
import type { ReadDatabase } from '../database.ts';
import { objectOf, type ReadableRows } from './readable-rows.ts';

interface Row {
  readonly project: string;
  readonly id: string;
  readonly version: number;
  readonly enabled: number;
  readonly document: string;
  readonly created_at: number;
  readonly created_by: string;
}

const COLUMNS = 'project, id, version, enabled, document, created_at, created_by';
const ALL = `select ${COLUMNS} from rules order by project, id`;
/** Of the version in force the switch as it is now, of others as it was when they were made. */
const VERSIONS = `select v.project, v.id, v.version, coalesce(r.enabled, v.enabled) as enabled, v.document, v.created_at, v.created_by
  from rule_versions v left join rules r on r.project = v.project and r.id = v.id and r.version = v.version
  where v.project = ? and v.id = ? order by v.version desc`;
const INSERT = `insert into rules (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)`;
const INSERT_VERSION = `insert into rule_versions (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)`;
const UPDATE = 'update rules set version = ?, enabled = ?, document = ?, created_at = ?, created_by = ? where project = ? and id = ? and version = ?';
const SET_ENABLED = 'update rules set enabled = ? where project = ? and id = ?';
const REMOVE = 'delete from rules where project = ? and id = ?';

export function createRules(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['rules'] {
  return {
    all: async () => rows.all('rules', database().all<Row>(ALL), ruleOf),
    versions: async (project, id) => rows.all('rule_versions', database().all<Row>(VERSIONS, project, id), ruleOf),
    insert: (rule) => [
      { sql: INSERT, parameters: parametersOf(rule) },
      { sql: INSERT_VERSION, parameters: parametersOf(rule) },
    ],
    update: (rule) => [
      {
        sql: UPDATE,
        parameters: [
          rule.version,
          rule.enabled ? 1 : 0,
          JSON.stringify(rule.document),
          rule.createdAt,
          rule.createdBy,
          rule.project,
          rule.id,
          rule.version - 1,
        ],
        mustChange: true,
      },
      { sql: INSERT_VERSION, parameters: parametersOf(rule) },
    ],
    setEnabled: (project, id, enabled) => ({ sql: SET_ENABLED, parameters: [enabled ? 1 : 0, project, id], mustChange: true }),
    remove: (project, id) => ({ sql: REMOVE, parameters: [project, id], mustChange: true }),
  };
}

function parametersOf(rule: RuleRecord): SqlValue[] {
  return [rule.project, rule.id, rule.version, rule.enabled ? 1 : 0, JSON.stringify(rule.document), rule.createdAt, rule.createdBy];
}

function ruleOf(row: Row): RuleRecord {
  return {
    id: row.id as RuleId,
    project: row.project as ProjectId,
    version: row.version,
    enabled: row.enabled !== 0,
    document: objectOf(row.document),
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
