import type { NotifiedAlarm } from '../channels/channel.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import { cutText } from '../domain/cut-text.ts';
import type { Device } from '../domain/device.ts';
import type { HubEvent } from '../domain/event.ts';
import type { OutboxEntry } from '../domain/notification.ts';
import type { JsonValue } from '../domain/value.ts';

/** Longer texts are cut and longer values left to the hub: ten thousand of them wait in memory when a site goes dark. */
const TEXT_LENGTH = 1_000;
const VALUE_LENGTH = 1_000;

/** What is told of a change, as it was then. */
export function entryContent(alarm: AlarmRecord, device: Device | null, event: HubEvent): OutboxEntry['content'] {
  return {
    rule: alarm.rule,
    device: alarm.subject.device,
    point: alarm.subject.point,
    group: alarm.subject.group,
    level: alarm.level,
    value: shortValue(alarm.value),
    message: cut(alarm.message),
    explanation: cut(alarm.explanation),
    labels: { ...device?.labels, ...alarm.labels },
    time: event.time,
  };
}

/** The same on its way out. */
export function notifiedAlarm({ alarm, event, cause, severity, content }: OutboxEntry): NotifiedAlarm {
  return {
    alarm: alarm ?? '',
    event,
    cause,
    severity,
    rule: textOf(content.rule) ?? '',
    device: textOf(content.device),
    point: textOf(content.point),
    group: textOf(content.group),
    level: textOf(content.level),
    value: content.value ?? null,
    message: textOf(content.message) ?? '',
    explanation: textOf(content.explanation) ?? '',
    labels: labelsOf(content.labels),
    time: typeof content.time === 'number' ? content.time : 0,
  };
}

function shortValue(value: JsonValue): JsonValue {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return cut(value);
  const text = JSON.stringify(value);
  return text.length <= VALUE_LENGTH ? value : `${cutText(text, VALUE_LENGTH)}…`;
}

function cut(text: string): string {
  return text.length <= TEXT_LENGTH ? cutText(text, TEXT_LENGTH) : `${cutText(text, TEXT_LENGTH)}…`;
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function labelsOf(value: JsonValue | undefined): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, cut(String(text))]));
}
