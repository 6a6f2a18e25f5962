/** How bad an alarm is, the worst first (ITU-T X.733 without `indeterminate`; ISA-18.2 calls it priority). */
export const SEVERITIES = ['critical', 'major', 'minor', 'warning'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** 0 is the worst. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

function isAtLeast(severity: Severity, least: Severity): boolean {
  return severityRank(severity) <= severityRank(least);
}

/** One rank of a condition, such as `hihi`: a name of the rule's own, and how bad it is. */
export interface Level {
  readonly name: string;
  readonly severity: Severity;
}

export const SEVERITY_RULE = `${SEVERITIES.join(', ')}, or one with + for it and all that are worse, such as major+`;

/** `major+` is critical and major; null: there is no such severity. In a query, a + that nobody encoded is a space. */
export function readSeverities(text: string): readonly Severity[] | null {
  const orWorse = /[+ ]$/.test(text);
  const name = orWorse ? text.slice(0, -1) : text;
  const severity = SEVERITIES.find((one) => one === name);
  if (severity === undefined) return null;
  return orWorse ? SEVERITIES.filter((one) => isAtLeast(one, severity)) : [severity];
}

/** Those that any of the texts means, each once; what is none is left out. */
export function severitiesOf(texts: readonly string[]): readonly Severity[] {
  return [...new Set(texts.flatMap((text) => readSeverities(text) ?? []))];
}
