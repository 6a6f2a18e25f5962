import { SEVERITIES, type Severity } from '../../domain/severity.ts';

interface NamedLevel {
  readonly name: string;
  readonly severity: Severity;
}

/** By severity, the least first: how full a cell is says how bad it was. */
const SIGNS: Readonly<Record<Severity, string>> = { warning: '▂', minor: '▄', major: '▆', critical: '█' };
const QUIET = '·';
const COLOURS: Readonly<Record<Severity, number>> = { warning: 36, minor: 33, major: 35, critical: 31 };

/** A timeline of the hub (a sign for each part of the range) on so many columns: the worst of the parts in each. */
export function stripText(timeline: string, levels: readonly NamedLevel[], columns: number, colour: boolean): string {
  let text = '';
  for (let column = 0; column < columns; column += 1) {
    const first = Math.floor((column * timeline.length) / columns);
    const end = Math.max(first + 1, Math.ceil(((column + 1) * timeline.length) / columns));
    let worst = 0;
    for (const sign of timeline.slice(first, end)) worst = Math.max(worst, Number.parseInt(sign, 36) || 0);
    text += cell(levels[worst - 1]?.severity, colour);
  }
  return text;
}

/** What the signs of these levels stand for. */
export function stripLegend(levels: readonly NamedLevel[], colour: boolean): string {
  const severities = SEVERITIES.filter((severity) => levels.some((level) => level.severity === severity)).toReversed();
  return [`${QUIET} normal`, ...severities.map((severity) => `${cell(severity, colour)} ${severity}`)].join('  ');
}

function cell(severity: Severity | undefined, colour: boolean): string {
  if (severity === undefined) return QUIET;
  return colour ? `\u001b[${COLOURS[severity]}m${SIGNS[severity]}\u001b[39m` : SIGNS[severity];
}
