/** Spans of time that one file may cover, from wide to narrow; each is whole in the one before. All in UTC. */
export const LEVELS = ['decade', 'year', 'month', 'day', 'hour'] as const;
export type Level = (typeof LEVELS)[number];

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Half-open, ms since 1970. */
export interface Period {
  readonly level: Level;
  readonly from: number;
  readonly to: number;
}

/** The period of this level that holds the time. */
export function periodOf(level: Level, time: number): Period {
  if (level === 'hour' || level === 'day') {
    const width = level === 'hour' ? HOUR_MS : DAY_MS;
    const from = Math.floor(time / width) * width;
    return { level, from, to: from + width };
  }
  const date = new Date(time);
  const year = date.getUTCFullYear();
  if (level === 'month') {
    const month = date.getUTCMonth();
    return { level, from: startOf(year, month), to: startOf(year, month + 1) };
  }
  const first = level === 'year' ? year : Math.floor(year / 10) * 10;
  return { level, from: startOf(first, 0), to: startOf(first + (level === 'year' ? 1 : 10), 0) };
}

/** Samples of the last hours stay in the hot table: the end of the newest UTC day that may leave it. */
export function closedBefore(now: number, hotHours: number): number {
  return periodOf('day', now - hotHours * HOUR_MS + DAY_MS).from;
}

/** The folder of a period's files, in the form that readers of partitioned data sets know: `day=2026-11-20`. */
export function folderOf({ level, from, to }: Period): string {
  const text = new Date(from).toISOString();
  const year = text.slice(0, text.indexOf('-', 1));
  if (level === 'decade') return `years=${year}-${new Date(to - 1).getUTCFullYear()}`;
  if (level === 'year') return `year=${year}`;
  const [date = ''] = text.split('T');
  return level === 'month' ? `month=${date.slice(0, -3)}` : `day=${date}`;
}

/** The first moment of a period in a file's name: `20261120T000000Z`. */
export function stampOf({ from }: Period): string {
  return `${new Date(from).toISOString().slice(0, -5).replaceAll(/[:-]/g, '')}Z`;
}

function startOf(year: number, month: number): number {
  // Date.UTC takes years below 100 for those of the last century.
  const time = new Date(0).setUTCFullYear(year, month, 1);
  if (!Number.isNaN(time)) return time;
  return year > 0 ? 8_640_000_000_000_001 : -8_640_000_000_000_000;
}
