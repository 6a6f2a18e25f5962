import type { SqlValue } from '../commit-log.ts';
import { bindable, type SqlDatabase, type SqlStatement } from './driver.ts';

const STATEMENTS_MAX = 500;

/** A database with its prepared statements: they need it alive (driver.ts). */
export class StatementCache {
  readonly database: SqlDatabase;
  readonly #statements = new Map<string, SqlStatement>();

  constructor(database: SqlDatabase) {
    this.database = database;
  }

  run(sql: string, ...parameters: readonly SqlValue[]): { readonly changes: number; readonly id: number } {
    const { changes, lastInsertRowid } = this.#prepared(sql).run(...bindable(parameters));
    return { changes: Number(changes), id: Number(lastInsertRowid) };
  }

  get<Row>(sql: string, ...parameters: readonly SqlValue[]): Row | null {
    return (this.#prepared(sql).get(...bindable(parameters)) as Row | undefined) ?? null;
  }

  all<Row>(sql: string, ...parameters: readonly SqlValue[]): Row[] {
    return this.#prepared(sql).all(...bindable(parameters)) as Row[];
  }

  close(): void {
    this.#statements.clear();
    if (this.database.isOpen) this.database.close();
  }

  #prepared(sql: string): SqlStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const statement = this.database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
