import { LEVELS, type Period, periodOf } from './periods.ts';

/** Samples of one project in the hot table that share an hour. */
export interface HotHour {
  readonly project: string;
  /** ms since 1970 */
  readonly from: number;
  readonly rows: number;
}

/** What the files of one period of a project hold together. */
export interface FiledPeriod {
  readonly project: string;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** When the newest of them was written, ms since 1970. */
  readonly written: number;
  /** They hold samples of series that were removed. */
  readonly hasRemoved: boolean;
}

/** A period whose samples become one set of files: what is hot, joined with what is filed already. */
export interface Target {
  readonly project: string;
  readonly period: Period;
  readonly hotRows: number;
  readonly filedRows: number;
  /** Periods of existing files that it takes in; one that is `period` itself is a rewrite. */
  readonly filed: readonly FiledPeriod[];
}

interface Unit {
  readonly from: number;
  readonly hotRows: number;
  readonly filed: FiledPeriod | null;
}

/**
 * Which periods to file: for each project the widest closed ones that hold at most `rowsMax` samples, so that a small fleet ends with one file
 * for years and a large one with a file per day or hour. A period that has its files keeps them: late samples join them.
 * Periods of one project never overlap, so that one (series, time) stands in one file at most.
 */
export function planCompaction(
  hot: readonly HotHour[],
  filed: readonly FiledPeriod[],
  { closedBefore, rowsMax }: { readonly closedBefore: number; readonly rowsMax: number },
): Target[] {
  const projects = new Map<string, Unit[]>();
  const add = (project: string, unit: Unit) => {
    const units = projects.get(project);
    if (units === undefined) projects.set(project, [unit]);
    else units.push(unit);
  };
  for (const { project, from, rows } of hot) add(project, { from, hotRows: rows, filed: null });
  for (const each of filed) add(each.project, { from: each.from, hotRows: 0, filed: each });
  return [...projects].flatMap(([project, units]) => visit(project, units, 0));

  function visit(project: string, units: readonly Unit[], depth: number): Target[] {
    const level = LEVELS[depth];
    if (level === undefined) return [];
    const groups = new Map<number, Unit[]>();
    for (const unit of units) {
      const { from } = periodOf(level, unit.from);
      const members = groups.get(from);
      if (members === undefined) groups.set(from, [unit]);
      else members.push(unit);
    }
    return [...groups].flatMap(([from, members]) => {
      const period = periodOf(level, from);
      const target = targetOf(project, period, members);
      const kept = target.filed.some((each) => each.from === period.from && each.to === period.to);
      const fits = target.hotRows + target.filedRows <= rowsMax || level === 'hour';
      if (kept || (period.to <= closedBefore && fits)) return [target];
      return visit(project, members, depth + 1);
    });
  }
}

function targetOf(project: string, period: Period, units: readonly Unit[]): Target {
  let hotRows = 0;
  let filedRows = 0;
  const filed: FiledPeriod[] = [];
  for (const unit of units) {
    hotRows += unit.hotRows;
    if (unit.filed === null) continue;
    filedRows += unit.filed.rows;
    filed.push(unit.filed);
  }
  return { project, period, hotRows, filedRows, filed };
}
