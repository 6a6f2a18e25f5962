import { createRecentSet, type RecentSet } from '../recent-set.ts';
import { type FailedValue, type RecordedValue, shownValue } from './recorded-value.ts';

/** What an import has seen so far. */
export interface ImportTally {
  rows: number;
  /** Values that could be read and are to be reported. */
  values: number;
  /** Of them, with the device, point and time of one before: the hub keeps the last. */
  repeated: number;
  accepted: number;
  rejected: number;
  /** The last line that was read. */
  line: number;
  from: number | null;
  to: number | null;
  readonly reasons: Record<string, number>;
  readonly devices: Set<string>;
  readonly points: Set<string>;
  readonly recent: RecentSet;
  /** The first few of each. */
  readonly firstValues: RecordedValue[];
  readonly firstFailed: FailedValue[];
}

const SHOWN = 5;
/** Names are counted, not listed without end. */
const NAMES_MAX = 100_000;
/** A file repeats what it said a moment ago, at the end of summer time for instance; further back a repetition goes uncounted. */
const RECENT_MAX = 200_000;

export function createTally(): ImportTally {
  return {
    rows: 0,
    values: 0,
    repeated: 0,
    accepted: 0,
    rejected: 0,
    line: 0,
    from: null,
    to: null,
    reasons: {},
    devices: new Set(),
    points: new Set(),
    recent: createRecentSet(RECENT_MAX),
    firstValues: [],
    firstFailed: [],
  };
}

export function countValue(tally: ImportTally, value: RecordedValue): void {
  tally.values += 1;
  if (!tally.recent.add(`${value.device} ${value.time} ${value.point}`)) tally.repeated += 1;
  tally.from = Math.min(tally.from ?? value.time, value.time);
  tally.to = Math.max(tally.to ?? value.time, value.time);
  if (tally.devices.size < NAMES_MAX) tally.devices.add(value.device);
  if (tally.points.size < NAMES_MAX) tally.points.add(value.point);
  if (tally.firstValues.length < SHOWN) tally.firstValues.push(value);
}

export function countFailed(tally: ImportTally, failed: FailedValue): void {
  tally.rejected += 1;
  tally.reasons[failed.code] = (tally.reasons[failed.code] ?? 0) + 1;
  if (tally.firstFailed.length < SHOWN) tally.firstFailed.push(failed);
}

export function failedText({ line, point, value, code, reason }: FailedValue): string {
  return `line ${line}${point === null ? '' : `, ${point}`}${value === null || value === '' ? '' : ` = ${shownValue(value).slice(0, 60)}`}: ${reason} (${code})`;
}
