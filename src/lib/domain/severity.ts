/** How bad an alarm is, the worst first (ITU-T X.733 without `indeterminate`; ISA-18.2 calls it priority). */
export const SEVERITIES = ['critical', 'major', 'minor', 'warning'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** 0 is the worst. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return severityRank(severity) <= severityRank(least);
}

/** One rank of a condition, such as `hihi`: a name of the rule's own, and how bad it is. */
export interface Level {
  readonly name: string;
  readonly severity: Severity;
}
