import type { Level } from '../../../domain/severity.ts';
import { messageOf } from '../../../errors/muster-error.ts';
import { compileExpression } from '../../../expressions/compile-expression.ts';
import type { Expression, ExpressionSurroundings } from '../../../expressions/expression.ts';
import { KEEP } from '../condition.ts';
import type { FailureLog } from '../failure-log.ts';
import { findingOf, refuse, type SpecProblem } from '../spec.ts';

export interface JointLevel {
  /** Index of the level plus one. */
  readonly finding: number;
  readonly level: string;
  readonly expression: Expression;
}

/** One level of the document, and where its expression stands. */
export interface LevelSource {
  readonly level: string;
  readonly source: string;
  readonly path: string;
}

/** The worst first, as they are asked. Throws `invalid` with every mistake. */
export function compileLevels(sources: readonly LevelSource[], levels: readonly Level[], surroundings: ExpressionSurroundings): readonly JointLevel[] {
  const problems: SpecProblem[] = [];
  const compiled = sources.flatMap(({ level, source, path }): JointLevel[] => {
    const result = compileExpression(source, surroundings);
    if (result.ok) return [{ finding: findingOf(levels, level), level, expression: result.expression }];
    const place = result.line > 1 ? `line ${result.line}, column ${result.column}` : `column ${result.column}`;
    problems.push({ path, message: `${result.message} (${place})` });
    return [];
  });
  if (problems.length > 0) refuse(problems);
  return compiled.sort((a, b) => b.finding - a.finding);
}

/** The worst level whose expression holds; 0: none. KEEP when one before it has no value: whether it holds nobody knows. */
export function findLevel(levels: readonly JointLevel[], bindings: Readonly<Record<string, unknown>>, time: number, failures: FailureLog | null): number {
  for (const { expression, finding } of levels) {
    try {
      const holds = expression.evaluate(bindings);
      if (holds === true) return finding;
      if (holds === false) continue;
      failures?.add(`\`${expression.source}\` is ${JSON.stringify(holds)?.slice(0, 40)}, neither true nor false`, time);
    } catch (error: unknown) {
      failures?.add(messageOf(error), time);
    }
    return KEEP;
  }
  return 0;
}
