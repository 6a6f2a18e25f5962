import { type Level, severityRank } from '../../../domain/severity.ts';
import { findingOf, type SpecProblem } from '../spec.ts';

/** One entry of the document. */
export interface Band {
  readonly level: string;
  readonly high?: number | undefined;
  readonly low?: number | undefined;
  readonly deadband?: number | string | undefined;
}

export const SIDES = ['high', 'low'] as const;
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
  readonly band: number;
}

/** The worst first, so that the first one that holds is the finding. */
export function edgesOf(bands: readonly Band[], levels: readonly Level[]): readonly Edge[] {
  const edges = bands.flatMap((band, index) =>
    SIDES.flatMap((side): Edge[] => {
      const limit = band[side];
      if (limit === undefined) return [];
      const back = deadbandOf(band, limit);
      const clear = side === 'high' ? limit - back : limit + back;
      return [{ side, limit, clear, finding: findingOf(levels, band.level), level: band.level, band: index }];
    }),
  );
  return edges.sort((a, b) => b.finding - a.finding);
}

function deadbandOf({ deadband = 0 }: Band, limit: number): number {
  return typeof deadband === 'number' ? deadband : (Math.abs(limit) * Number.parseFloat(deadband)) / 100;
}

/** Of the same severity, a level whose limit is further out is the worse one, in whatever order they are written. */
export function orderByLimits(levels: readonly Level[], bands: readonly Band[]): readonly Level[] {
  const further = new Map(levels.map(({ name }) => [name, Math.max(...bands.filter(({ level }) => level === name).map((band) => limitsInside(band, bands)))]));
  return [...levels].sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || (further.get(a.name) ?? 0) - (further.get(b.name) ?? 0));
}

/** How many limits of the same side a value passes before it comes to this one's. */
function limitsInside({ high, low }: Band, bands: readonly Band[]): number {
  const highs = high === undefined ? 0 : bands.filter((other) => other.high !== undefined && other.high < high).length;
  const lows = low === undefined ? 0 : bands.filter((other) => other.low !== undefined && other.low > low).length;
  return Math.max(highs, lows);
}

/** Limits of which one can never decide, or between which no value is normal: nobody wants that. */
export function findContradictions(edges: readonly Edge[]): readonly SpecProblem[] {
  return [...hiddenBehindWorse(edges, 'high'), ...hiddenBehindWorse(edges, 'low'), ...withoutNormal(edges)];
}

function hiddenBehindWorse(edges: readonly Edge[], side: Side): readonly SpecProblem[] {
  const problems: SpecProblem[] = [];
  const same = edges.filter((edge) => edge.side === side);
  for (const [index, worse] of same.entries()) {
    for (const edge of same.slice(index + 1)) {
      const path = `${worse.band}.${side}`;
      if (edge.finding === worse.finding)
        problems.push({ path, message: `the level \`${edge.level}\` has two limits on this side: ${edge.limit} and ${worse.limit}` });
      else if (side === 'high' ? worse.limit <= edge.limit : worse.limit >= edge.limit) {
        const [relation, place] = side === 'high' ? ['above', 'from'] : ['below', 'below'];
        problems.push({
          path,
          message: `\`${worse.level}\` is the worse level and must lie ${relation} \`${edge.level}\` (${edge.limit}), which would never be seen: it holds ${place} ${worse.limit}`,
        });
      }
    }
  }
  return problems;
}

function withoutNormal(edges: readonly Edge[]): readonly SpecProblem[] {
  const problems: SpecProblem[] = [];
  for (const high of edges.filter(({ side }) => side === 'high')) {
    for (const low of edges.filter(({ side }) => side === 'low')) {
      if (low.limit >= high.limit) {
        problems.push({
          path: `${low.band}.low`,
          message: `no value is normal: \`${low.level}\` holds below ${low.limit} and \`${high.level}\` from ${high.limit}`,
        });
      } else if (high.clear <= low.limit || low.clear >= high.limit) {
        const edge = high.clear <= low.limit ? high : low;
        problems.push({
          path: `${edge.band}.deadband`,
          message: `\`${edge.level}\` would be left only where \`${edge === high ? low.level : high.level}\` begins: the deadband is too wide`,
        });
      }
    }
  }
  return problems;
}
