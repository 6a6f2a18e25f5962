import type { BrokerChange } from '../broker-state.ts';
import type { CommitUnit, MessageMark, Statement } from '../commit-log.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { ChangeEncoder, changeBytesOf } from './change-codec.ts';
import type { Group, GroupUnit } from './commit-messages.ts';
import { encodeJournal, journalBytesOf } from './journal-codec.ts';
import { encodeMarks, MARK_BYTES } from './recent-marks.ts';

/** A rough weight of a statement without its texts, for the limit of a group. */
const STATEMENT_BYTES = 256;

/** What a unit holds; null for what it has none of. */
export interface UnitParts {
  readonly statements: readonly Statement[] | null;
  readonly samples: SampleColumns | null;
  readonly changes: readonly BrokerChange[] | null;
  readonly marks: readonly MessageMark[] | null;
  /** What they take in a group, at most. */
  readonly sampleBytes: number;
  readonly changeBytes: number;
  readonly bytes: number;
}

export function partsOf(unit: CommitUnit): UnitParts {
  const samples = unit.samples !== undefined && unit.samples.count > 0 ? unit.samples : null;
  const [statements, changes, marks] = [filled(unit.statements), filled(unit.changes), filled(unit.marks)];
  const sampleBytes = samples === null ? 0 : journalBytesOf(samples);
  const changeBytes = changes === null ? 0 : changeBytesOf(changes);
  const bytes = sampleBytes + changeBytes + statementBytesOf(statements) + (marks?.length ?? 0) * MARK_BYTES;
  return { statements, samples, changes, marks, sampleBytes, changeBytes, bytes };
}

/** A list of ten thousand alarms is one statement, so what it carries counts. */
function statementBytesOf(statements: readonly Statement[] | null): number {
  if (statements === null) return 0;
  let bytes = 0;
  for (const { parameters } of statements) {
    bytes += STATEMENT_BYTES;
    for (const value of parameters) if (typeof value === 'string') bytes += value.length;
  }
  return bytes;
}

/** Nothing to write. */
export function isEmpty({ statements, samples, changes, marks }: UnitParts): boolean {
  return statements === null && samples === null && changes === null && marks === null;
}

/** Joins the units in their order: samples, changes and marks into one buffer each. */
export function composeGroup(units: readonly UnitParts[]): Pick<Group, 'blob' | 'samples' | 'changes' | 'marks' | 'units'> {
  const samples: SampleColumns[] = [];
  const marks: (readonly MessageMark[])[] = [];
  const own: GroupUnit[] = [];
  const changeBytes = units.reduce((sum, unit) => sum + unit.changeBytes, 0);
  const changes = changeBytes === 0 ? null : new ChangeEncoder(changeBytes);
  let row = 0;
  let mark = 0;
  for (const unit of units) {
    const before = { row, mark, change: changes?.length ?? 0 };
    if (unit.samples !== null) {
      samples.push(unit.samples);
      row += unit.samples.count;
    }
    if (unit.changes !== null) changes?.add(unit.changes);
    if (unit.marks !== null) {
      marks.push(unit.marks);
      mark += unit.marks.length * MARK_BYTES;
    }
    if (unit.statements === null) continue;
    own.push({
      statements: unit.statements,
      rows: { start: before.row, end: row },
      changes: { start: before.change, end: changes?.length ?? 0 },
      marks: { start: before.mark, end: mark },
    });
  }
  return {
    blob: samples.length === 0 ? null : encodeJournal(samples),
    samples: row,
    changes: changes?.bytes() ?? null,
    marks: marks.length === 0 ? null : encodeMarks(marks),
    units: own,
  };
}

function filled<Part>(parts: readonly Part[] | undefined): readonly Part[] | null {
  return parts === undefined || parts.length === 0 ? null : parts;
}
