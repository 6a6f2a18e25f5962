import { z } from 'zod';
import { DURATION_RULE, readDuration } from '../../domain/duration.ts';
import { type Level, SEVERITIES, severityRank } from '../../domain/severity.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { ConditionContext } from './condition.ts';

/** Levels of one rule. */
export const LEVELS_MAX = 16;

/** A problem of a specification; the path is within it. */
export interface SpecProblem {
  readonly path: string;
  readonly message: string;
}

/** A text such as `5m`, more than nothing; becomes ms. */
export const durationMs = durationAtLeast(1);

export function durationAtLeast(leastMs: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const ms = text.length <= 32 ? readDuration(text) : null;
    if (ms !== null && ms >= leastMs) return ms;
    context.issues.push({ code: 'custom', message: ms === null ? `is no duration, ${DURATION_RULE}` : 'is too short', input: text });
    return z.NEVER;
  });
}

/** YAML and JSON know numbers that are none: 1e999 and .nan. */
export const finite = z.number();

/** A name of the rule's own, such as `hihi`, or a severity. */
export const levelName = z.string().regex(/^[A-Za-z][\w.-]{0,31}$/, 'is no name of a level: a letter, then letters, digits and . _ - (at most 32)');

export function refuse(problems: readonly SpecProblem[]): never {
  const [first] = problems;
  throw new MusterError('invalid', `The condition is wrong: ${first?.path ?? ''} ${first?.message ?? ''}`, { details: { problems } });
}

/**
 * The levels of a condition, each once, the least bad first; of the same severity in the order given. Throws `invalid` when a severity is missing;
 * `pathOf` says where the name of an index stands.
 */
export function levelsOf(names: readonly string[], context: ConditionContext, pathOf: (index: number) => string): readonly Level[] {
  const problems: SpecProblem[] = [];
  const levels = [...new Set(names)].flatMap((name): Level[] => {
    const severity = context.severityOf(name);
    if (severity !== undefined) return [{ name, severity }];
    problems.push({
      path: pathOf(names.indexOf(name)),
      message: `\`${name}\` has no severity: say one in \`severities\`, or name the level ${SEVERITIES.slice(0, -1).join(', ')} or ${SEVERITIES.at(-1)}`,
    });
    return [];
  });
  if (problems.length > 0) refuse(problems);
  return levels.sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
}

/** Where the parts of an entry stand that is either the only one, beside the other options, or one of `levels`. */
export function singleOrList(levels: readonly unknown[] | undefined): (path: string) => string {
  return (path) => (levels === undefined ? path.slice(path.indexOf('.') + 1) : `levels.${path}`);
}

/** The number of a level as a finding: its index plus one. */
export function findingOf(levels: readonly Level[], name: string): number {
  return levels.findIndex((level) => level.name === name) + 1;
}

/** Of one point: what a condition with a window is shown after a start. */
export const HISTORY_SAMPLES_MAX = 20_000;
