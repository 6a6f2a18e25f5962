import type { ProjectId, RuleId } from '../../../domain/ids.ts';
import type { JsonValue } from '../../../domain/value.ts';
import type { AlarmStorage } from '../../alarm-storage.ts';
import type { ReadDatabase } from '../database.ts';
import type { ReadableRows } from './readable-rows.ts';

interface Row {
  readonly id: string;
  readonly project: string;
  readonly rule: string;
  readonly subject: string;
  readonly state: string;
}

const ALL = "select rule || ' ' || subject as id, project, rule, subject, state from evaluations order by project, rule, subject";
/** States are text inside the JSON: SQLite reads no JSON that is nested deeper than 1,000, and a value of a device may be. A trigger takes out what is null. */
const PUT = `insert into evaluations (project, rule, subject, state)
  select value ->> '$.project', value ->> '$.rule', value ->> '$.subject', value ->> '$.state' from json_each(?) where true
  on conflict (project, rule, subject) do update set state = excluded.state`;
const REMOVE_OF_RULE = 'delete from evaluations where project = ? and rule = ?';

export function createEvaluations(database: () => ReadDatabase, rows: ReadableRows): AlarmStorage['evaluations'] {
  return {
    *all() {
      for (const row of database().each<Row>(ALL)) {
        const evaluation = rows.one('evaluations', row, ({ project, rule, subject, state }: Row) => ({
          project: project as ProjectId,
          rule: rule as RuleId,
          subject,
          state: JSON.parse(state) as JsonValue,
        }));
        if (evaluation !== null) yield evaluation;
      }
    },
    put: (evaluations) => ({
      sql: PUT,
      parameters: [
        JSON.stringify(
          evaluations.map(({ project, rule, subject, state }) => ({ project, rule, subject, state: state === null ? null : JSON.stringify(state) })),
        ),
      ],
    }),
    removeOfRule: (project, rule) => ({ sql: REMOVE_OF_RULE, parameters: [project, rule] }),
  };
}
