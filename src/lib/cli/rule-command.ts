import type { Command } from '@oclif/core';
import type { RuleDocument } from '../api/schema/rules.ts';
import { MusterError } from '../errors/muster-error.ts';
import { HubCommand } from './hub-command.ts';
import { RULE_ROW_COLUMNS, RULE_SHOWN_COLUMNS, type RuleRow } from './rule-columns.ts';
import type { StoreRulesWork } from './store-rules.ts';

/** What commands share that read rules: what is wrong with one is said in the same way by all. */
export abstract class RuleCommand<T extends typeof Command> extends HubCommand<T> {
  /** One rule is printed as it is then; of several, a row each. */
  protected async store(documents: readonly RuleDocument[], work: Omit<StoreRulesWork, 'hub' | 'signal'>, dryRun: boolean): Promise<void> {
    const [only] = documents;
    const one = documents.length === 1 && only !== undefined;
    this.checkColumns(one && !dryRun ? RULE_SHOWN_COLUMNS : RULE_ROW_COLUMNS);
    if (dryRun) return this.#preview(documents, work);
    const [{ storeRule, storeRules }, hub] = await Promise.all([import('./store-rules.ts'), this.writable()]);
    const whole: StoreRulesWork = { ...work, hub, signal: this.signal };
    if (one) {
      const { rule, status } = await storeRule(only, whole).catch((error: unknown) => this.wrong(error, only));
      if (status === 'unchanged') this.say(`The rule ${rule.id} says the same already.`);
      if (rule.watches === 0) this.say(`Note: ${rule.id} watches nothing at the moment: see \`muster rule explain ${rule.id}\`.`);
      return this.printOne(rule, RULE_SHOWN_COLUMNS);
    }
    const rows = await storeRules(documents, whole);
    await this.#printRows(rows);
    failUnlessAllStored(rows);
  }

  /** People get the problems of a rule a line each; a program has them in the details. */
  protected async wrong(error: unknown, document: RuleDocument): Promise<never> {
    const { problemsIn, wrongRule } = await import('./rule-problems.ts');
    const problems = problemsIn(error, document);
    if (problems.length === 0) throw error;
    throw wrongRule(problems, await this.#list(problems));
  }

  async #printRows(rows: readonly RuleRow[]): Promise<void> {
    const short = ({ problems, reason }: RuleRow): string | null => (problems.length > 1 ? `wrong in ${problems.length} places` : reason);
    await this.print(this.output === 'table' ? rows.map((row) => ({ ...row, reason: short(row) })) : rows, RULE_ROW_COLUMNS);
    for (const { problems } of rows) await this.#list(problems);
  }

  async #list(problems: RuleRow['problems']): Promise<boolean> {
    if (this.output !== 'table' || problems.length < 2) return false;
    const { problemLine } = await import('./rule-problems.ts');
    for (const problem of problems) this.say(problemLine(problem));
    return true;
  }

  async #preview(documents: readonly RuleDocument[], work: Omit<StoreRulesWork, 'hub' | 'signal'>): Promise<void> {
    const [{ previewRules }, hub] = await Promise.all([import('./store-rules.ts'), this.hub()]);
    const { rows, differences } = await previewRules(documents, { ...work, hub, signal: this.signal });
    await this.#printRows(rows);
    const columns = (this.flags as { columns?: string }).columns;
    if (this.output === 'table' && columns === undefined) {
      for (const { id, lines } of differences) if (lines.length > 0) await this.write(`\n${id}\n${lines.map((line) => `${line}\n`).join('')}`);
    }
    for (const { id, notes } of rows) for (const note of notes) this.say(`Note: ${id}: ${note}.`);
    const [first] = rows;
    if (rows.length === 1 && first?.code === 'invalid') {
      const { wrongRule } = await import('./rule-problems.ts');
      throw wrongRule(first.problems, this.output === 'table');
    }
    failUnlessAllStored(rows);
  }
}

function failUnlessAllStored(rows: readonly RuleRow[]): void {
  const failed = rows.filter(({ code }) => code !== null);
  if (failed.length === 0) return;
  throw new MusterError('partly_failed', `${failed.length} of ${rows.length} failed.`, { details: { failed: failed.map(({ id }) => id) } });
}
