/** Failures by their sentence, counted, with the first few cases of each: a lost session fails ten thousand comparisons. */
export interface Findings {
  /** `what` is a sentence without figures, `detail` the case. */
  add(what: string, detail?: string): void;
  readonly count: number;
  sentences(): readonly string[];
}

const DETAILS_MAX = 5;

export function createFindings(): Findings {
  const found = new Map<string, { count: number; details: string[] }>();
  let total = 0;
  return {
    get count() {
      return total;
    },
    add(what, detail = '') {
      total += 1;
      const entry = found.get(what) ?? { count: 0, details: [] };
      found.set(what, entry);
      entry.count += 1;
      if (detail !== '' && entry.details.length < DETAILS_MAX) entry.details.push(detail);
    },
    sentences: () =>
      [...found].map(([what, { count, details }]) => {
        const more = count > details.length ? ', ...' : '';
        return `${what}${count > 1 ? ` (${count} times)` : ''}${details.length > 0 ? `: ${details.join('; ')}${more}` : ''}`;
      }),
  };
}
