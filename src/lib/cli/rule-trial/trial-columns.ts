import { formatAge, formatDuration } from '../../domain/duration.ts';
import { type Column, isoTime } from '../column.ts';
import type { TrialStep, TrialTotals } from './trial-step.ts';

/** `start`: times are shown as what has passed since then; null: as times. `several`: which subjects and points have to be told apart. */
export function trialColumns(start: number | null, several: { readonly subjects: boolean; readonly points: boolean }): readonly Column<TrialStep>[] {
  const shown = (time: number): string => (start === null ? isoTime(time) : `${time < start ? '-' : '+'}${formatDuration(Math.abs(time - start))}`);
  const pendingText = ({ pending }: TrialStep): string => {
    if (pending === null) return '';
    const what = pending.level ?? 'normal';
    return pending.dueAt === null ? `${what}, waits for samples` : `${what} at ${shown(pending.dueAt)}`;
  };
  return [
    { name: 'time', value: (row) => row.time, text: (row) => shown(row.time) },
    { name: 'subject', value: (row) => row.subject, wide: !several.subjects },
    { name: 'point', value: (row) => row.point, text: (row) => (row.cause === 'clock' ? '' : (row.point ?? '')), wide: !several.points },
    { name: 'value', value: (row) => row.value, text: (row) => (row.cause === 'clock' ? '' : valueText(row.value)), right: true, keep: true },
    { name: 'finding', value: (row) => row.finding, text: (row) => row.finding ?? '' },
    { name: 'pending', value: (row) => row.pending, text: pendingText },
    { name: 'level', value: (row) => row.level, text: (row) => row.level ?? 'normal' },
    { name: 'change', value: (row) => row.transitions, text: (row) => row.transitions.map((kind) => kind.replace(/^alarm\./, '')).join(', '), keep: true },
    { name: 'told', value: (row) => row.notification },
    { name: 'state', value: (row) => row.state },
    { name: 'explanation', value: (row) => row.explanation, text: whyText, wrap: true },
    { name: 'message', value: (row) => row.message, wide: true },
    { name: 'severity', value: (row) => row.severity, wide: true },
    { name: 'actions', value: (row) => row.actions, wide: true },
  ];
}

/** Of a value that changes nothing there is nothing to say. */
function whyText({ ignored, finding, level, transitions, explanation }: TrialStep): string {
  return ignored ?? (finding === null && level === null && transitions.length === 0 ? '' : explanation);
}

function valueText(value: TrialStep['value']): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function totalsText({ samples, unwatched, subjects, raised, notifications, activeMs }: TrialTotals): string {
  const parts = [`${samples} ${samples === 1 ? 'value' : 'values'}${subjects > 1 ? ` of ${subjects} subjects` : ''}`];
  parts.push(raised === 0 ? 'no alarm' : `raised ${times(raised)}, active for ${formatAge(activeMs)}, told ${times(notifications)}`);
  if (unwatched > 0) parts.push(`${unwatched} values of points that the rule does not look at`);
  return `${parts.join('; ')}.`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
