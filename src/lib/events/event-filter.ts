import { EVENT_KINDS, type EventKind, type HubEvent } from '../domain/event.ts';
import { globMatcher, isPattern } from '../domain/matching.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { EventFilter } from '../storage/alarm-storage.ts';

/** Which events are meant; the project is one of them. */
export type EventMatcher = (event: HubEvent) => boolean;

/** What a live event is asked; where to go on, and a range of time, are for what is stored. */
export function eventMatcher(filter: Omit<EventFilter, 'after' | 'from' | 'to'>): EventMatcher {
  const { project, alarm } = filter;
  const kinds = filter.kinds && new Set<string>(filter.kinds);
  const severities = filter.severities && new Set<string>(filter.severities);
  const devices = filter.devices && new Set<string>(filter.devices);
  const rules = filter.rules && new Set<string>(filter.rules);
  return (event) =>
    event.project === project &&
    (kinds === undefined || kinds.has(event.kind)) &&
    (severities === undefined || (event.severity !== null && severities.has(event.severity))) &&
    (devices === undefined || (event.device !== null && devices.has(event.device))) &&
    (rules === undefined || (event.rule !== null && rules.has(event.rule))) &&
    (alarm === undefined || event.alarm === alarm);
}

/** Kinds, or with * for any text: `alarm.*`. Throws invalid for what is none: a filter with a typing error finds nothing, and nobody is told. */
export function eventKindsOf(patterns: readonly string[]): readonly EventKind[] {
  const kinds = new Set<EventKind>();
  for (const pattern of patterns) {
    const matches = globMatcher(pattern);
    const found = EVENT_KINDS.filter(matches);
    if (found.length === 0) {
      const what = isPattern(pattern) ? `no kind of event matches ${pattern.slice(0, 100)}` : `there is no kind of event ${pattern.slice(0, 100)}`;
      throw new MusterError('invalid', what, { hint: `Kinds are such as ${EVENT_KINDS[0]}, alarm.raised and alarm.*.`, details: { field: 'kind' } });
    }
    for (const kind of found) kinds.add(kind);
  }
  return [...kinds];
}
