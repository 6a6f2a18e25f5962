import type { AlarmFilter } from '../../api/schema/alarms.ts';
import type { EventItem } from '../../api/schema/events.ts';
import type { HubClient } from '../../client/hub-client.ts';
import { pathMatcher } from '../../domain/matching.ts';

/** What the hub's stream of events narrows by itself. */
export interface StreamFilter {
  readonly kind: string[];
  readonly rule?: string[];
  readonly device?: string[];
}

/** Which alarms are meant: for events, as the filters of a list are for alarms. What changes while an alarm lives is not asked here. */
export interface AlarmScope {
  readonly stream: StreamFilter;
  matches(event: EventItem): Promise<boolean>;
}

/** Alarms of which it is known whether they are meant. */
const KNOWN_MAX = 20_000;

type Scope = Omit<AlarmFilter, 'severity' | 'state' | 'closed' | 'id'>;

export function createAlarmScope(hub: Pick<HubClient, 'alarms'>, scope: Scope): AlarmScope {
  const { rule, device, point, ...asked } = scope;
  const hasPath = point === undefined ? null : pathMatcher(listed(point));
  const isAsked = Object.keys(asked).length > 0;
  const known = new Map<string, boolean>();
  return {
    stream: { kind: ['alarm.*'], ...(rule === undefined ? {} : { rule: listed(rule) }), ...(device === undefined ? {} : { device: listed(device) }) },
    async matches(event) {
      if (event.alarm === null) return false;
      if (hasPath !== null && (event.point === null || !hasPath(event.point))) return false;
      return !isAsked || isMeant(event.alarm);
    },
  };

  /** Labels, type and group are the hub's to look up; of one alarm they are asked once. */
  async function isMeant(id: string): Promise<boolean> {
    const before = known.get(id);
    if (before !== undefined) return before;
    let found = false;
    for await (const _ of hub.alarms.list({ ...asked, id, closed: 'any' }, { limit: 1 })) found = true;
    if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value ?? '');
    known.set(id, found);
    return found;
  }
}

function listed(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? [value] : [...value];
}
