import type { DeviceId, PointPath, ProjectId, RuleId } from '../domain/ids.ts';
import type { OutboxEntry } from '../domain/notification.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import { notifiedAlarm } from './entry-content.ts';

/** What the journal says when a notification is delivered, given up or dropped. There is at least one entry. */
export function deliveryEvent(
  entries: readonly OutboxEntry[],
  { delivery, attempts, said, now }: { readonly delivery: string | null; readonly attempts: number; readonly said: string | null; readonly now: number },
): NewEvent {
  const [first] = entries;
  if (first === undefined) throw new Error('nothing was settled');
  const { project, channel, route, state, lastError } = first;
  const only = entries.length === 1 ? notifiedAlarm(first) : null;
  const what = entries.length === 1 ? 'an alarm change' : `${entries.length} alarm changes`;
  return {
    project,
    time: now,
    kind: state === 'delivered' ? 'notification.delivered' : 'notification.failed',
    actor: 'hub',
    severity: entries.length === 1 ? first.severity : null,
    device: (only?.device ?? null) as DeviceId | null,
    point: (only?.point ?? null) as PointPath | null,
    alarm: entries.length === 1 ? first.alarm : null,
    rule: (only?.rule ?? null) as RuleId | null,
    text: state === 'delivered' ? `channel ${channel} took ${what}: ${said}` : `channel ${channel} was not told of ${what}: ${lastError}`,
    details: { channel, route, delivery, state, count: entries.length, attempts, answer: said, reason: lastError },
  };
}

export function noRoomEvent(project: ProjectId, count: number, waitingMax: number, now: number): NewEvent {
  return {
    ...{ project, time: now, kind: 'notification.failed', actor: 'hub', severity: null, device: null, point: null, alarm: null, rule: null },
    text: `nobody was told of ${count} alarm changes: ${waitingMax} wait already (notifications.waiting-max)`,
    details: { state: 'dropped', count, reason: 'no room' },
  };
}
