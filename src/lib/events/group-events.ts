import { isDeepStrictEqual } from 'node:util';
import type { EventKind } from '../domain/event.ts';
import type { Group } from '../domain/group.ts';
import type { JsonValue } from '../domain/value.ts';
import type { NewEvent } from './event-recorder.ts';

/** What happened to a group (fleet/groups/groups.ts says it the same way). */
type News =
  | { readonly kind: 'created'; readonly group: Group; readonly actor: string }
  | { readonly kind: 'updated'; readonly before: Group; readonly group: Group; readonly actor: string }
  | { readonly kind: 'moved'; readonly from: string; readonly group: Group; readonly reach: Reach; readonly actor: string }
  | { readonly kind: 'deleted'; readonly group: Group; readonly reach: Reach; readonly actor: string }
  | { readonly kind: 'joined' | 'left'; readonly group: Group; readonly devices: readonly string[]; readonly actor: string };

interface Reach {
  readonly groups: number;
  readonly devices: number;
}

const FIELDS = ['name', 'level', 'description', 'labels', 'selector', 'attributes'] as const;
/** Of many devices the first are named. */
const NAMED_MAX = 100;

/** null: nothing of it is another. */
export function groupEvent(news: News, time: number): NewEvent | null {
  const { path } = news.group;
  switch (news.kind) {
    case 'created':
      return event('group.created', news, time, `group ${path} was created by ${news.actor}`, { selector: news.group.selector });
    case 'updated': {
      const changed = FIELDS.filter((field) => !isDeepStrictEqual(news.before[field], news.group[field]));
      if (changed.length === 0) return null;
      const pick = (from: Group) => Object.fromEntries(changed.map((field) => [field, from[field] as JsonValue]));
      return event('group.updated', news, time, `group ${path} was updated by ${news.actor}: ${changed.join(', ')}`, {
        changed,
        before: pick(news.before),
        after: pick(news.group),
      });
    }
    case 'moved': {
      const { groups, devices } = news.reach;
      return event('group.moved', news, time, `group ${news.from} was moved to ${path} by ${news.actor}, with ${devices} devices`, {
        ...{ from: news.from, groups, devices },
      });
    }
    case 'deleted': {
      const { groups, devices } = news.reach;
      return event('group.deleted', news, time, `group ${path} was deleted by ${news.actor}; ${devices} devices were in it`, { groups, devices });
    }
    case 'joined':
    case 'left': {
      const { length } = news.devices;
      const what = news.kind === 'joined' ? 'put into' : 'taken out of';
      const text = `${length === 1 ? `device ${news.devices[0]} was` : `${length} devices were`} ${what} the group ${path} by ${news.actor}`;
      return event('devices.changed', news, time, text, { change: news.kind, devices: length, named: news.devices.slice(0, NAMED_MAX) });
    }
  }
}

function event(kind: EventKind, { group, actor }: News, time: number, text: string, details: NewEvent['details']): NewEvent {
  const nothing = { severity: null, device: null, point: null, alarm: null, rule: null };
  return { project: group.project, time, kind, actor, ...nothing, text, details: { group: group.path, ...details } };
}
