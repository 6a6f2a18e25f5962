import { type Level, severityRank } from '../../../domain/severity.ts';
import type { ConditionContext } from '../condition.ts';
import { formatFigure } from '../figures.ts';
import { findingOf, levelsOf, refuse, type SpecProblem } from '../spec.ts';

/** One entry of the document. */
export interface Limit {
  readonly level: string;
  readonly high?: number | undefined;
  readonly low?: number | undefined;
  readonly deadband?: number | string | undefined;
}

const SIDES = ['high', 'low'] as const;
export type Side = (typeof SIDES)[number];

/**
 * One limit, a comparator with hysteresis. High: it is beyond from `value >= limit` until `value < clear`; low: from `value < limit` until `value >= clear`.
 */
export interface Edge {
  readonly side: Side;
  readonly limit: number;
  readonly clear: number;
  /** Index of the level plus one. */
  readonly finding: number;
  readonly level: string;
  /** Of the entry in the document. */
  readonly entry: number;
}

/** How limits are written in the document, for what is said of them. */
export interface LimitWords {
  /** Where something of their list stands in the specification: `0.high` may be `levels.0.high`. */
  readonly at: (path: string) => string;
  /** The name of a side, if it is not its own. */
  readonly nameOf?: (side: Side) => string;
  readonly format?: (figure: number) => string;
}

/** The levels of these limits, the least bad first, and their edges. Throws `invalid` with all contradictions. */
export function compileLimits(
  limits: readonly Limit[],
  context: ConditionContext,
  { at, nameOf = (side) => side, format = formatFigure }: LimitWords,
): { readonly levels: readonly Level[]; readonly edges: readonly Edge[] } {
  const named = levelsOf(
    limits.map(({ level }) => level),
    context,
    (index) => at(`${index}.level`),
  );
  const levels = orderByLimits(named, limits);
  const edges = edgesOf(limits, levels);
  const problems = SIDES.flatMap((side) => hiddenBehindWorse(edges, side, nameOf(side), format)).concat(withoutNormal(edges, nameOf, format));
  if (problems.length > 0) refuse(problems.map(({ path, message }) => ({ path: at(path), message })));
  return { levels, edges };
}

/** The worst first, so that the first one that holds is the finding. */
function edgesOf(limits: readonly Limit[], levels: readonly Level[]): readonly Edge[] {
  const edges = limits.flatMap((one, index) =>
    SIDES.flatMap((side): Edge[] => {
      const limit = one[side];
      if (limit === undefined) return [];
      const back = deadbandOf(one, limit);
      const clear = side === 'high' ? limit - back : limit + back;
      return [{ side, limit, clear, finding: findingOf(levels, one.level), level: one.level, entry: index }];
    }),
  );
  return edges.sort((a, b) => b.finding - a.finding);
}

function deadbandOf({ deadband = 0 }: Limit, limit: number): number {
  return typeof deadband === 'number' ? deadband : (Math.abs(limit) * Number.parseFloat(deadband)) / 100;
}

/** Of the same severity, a level whose limit is further out is the worse one, in whatever order they are written. */
function orderByLimits(levels: readonly Level[], limits: readonly Limit[]): readonly Level[] {
  const further = new Map(levels.map(({ name }) => [name, Math.max(...limits.filter(({ level }) => level === name).map((one) => limitsInside(one, limits)))]));
  return [...levels].sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || (further.get(a.name) ?? 0) - (further.get(b.name) ?? 0));
}

/** How many limits of the same side a value passes before it comes to this one's. */
function limitsInside({ high, low }: Limit, limits: readonly Limit[]): number {
  const highs = high === undefined ? 0 : limits.filter((other) => other.high !== undefined && other.high < high).length;
  const lows = low === undefined ? 0 : limits.filter((other) => other.low !== undefined && other.low > low).length;
  return Math.max(highs, lows);
}

/** A limit that can never decide, because that of a worse level is reached first. Nobody wants that. */
function hiddenBehindWorse(edges: readonly Edge[], side: Side, name: string, format: (figure: number) => string): readonly SpecProblem[] {
  const problems: SpecProblem[] = [];
  const same = edges.filter((edge) => edge.side === side);
  for (const [index, worse] of same.entries()) {
    for (const edge of same.slice(index + 1)) {
      const path = `${worse.entry}.${name}`;
      const [limit, worseLimit] = [format(edge.limit), format(worse.limit)];
      if (edge.finding === worse.finding)
        problems.push({ path, message: `the level \`${edge.level}\` has two limits on this side: ${limit} and ${worseLimit}` });
      else if (side === 'high' ? worse.limit <= edge.limit : worse.limit >= edge.limit) {
        const relation = side === 'high' ? 'above' : 'below';
        problems.push({
          path,
          message: `\`${worse.level}\` is the worse level: ${worseLimit} must lie ${relation} ${limit}, or \`${edge.level}\` is never seen`,
        });
      }
    }
  }
  return problems;
}

/** No value is normal, or none can be reached again. */
function withoutNormal(edges: readonly Edge[], nameOf: (side: Side) => string, format: (figure: number) => string): readonly SpecProblem[] {
  const problems: SpecProblem[] = [];
  for (const high of edges.filter(({ side }) => side === 'high')) {
    for (const low of edges.filter(({ side }) => side === 'low')) {
      if (low.limit >= high.limit) {
        const message = `nothing is normal: \`${low.level}\` holds below ${format(low.limit)} and \`${high.level}\` from ${format(high.limit)}`;
        problems.push({ path: `${low.entry}.${nameOf('low')}`, message });
      } else if (high.clear <= low.limit || low.clear >= high.limit) {
        const [edge, other] = high.clear <= low.limit ? [high, low] : [low, high];
        problems.push({ path: `${edge.entry}.deadband`, message: `is too wide: \`${edge.level}\` would be left only where \`${other.level}\` begins` });
      }
    }
  }
  return problems;
}
