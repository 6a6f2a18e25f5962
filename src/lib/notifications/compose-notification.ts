import { ALARMS_LISTED, type Notification, type NotifiedAlarm } from '../channels/channel.ts';
import { NOTIFY_CAUSES, type OutboxEntry } from '../domain/notification.ts';
import { severityRank } from '../domain/severity.ts';
import { notifiedAlarm } from './entry-content.ts';

/**
 * What goes out for these entries. It depends on nothing else, not even on their order: another attempt, also after a restart, sends the same text under
 * the same key. There is at least one entry.
 */
export function composeNotification(delivery: string, given: readonly OutboxEntry[]): Notification {
  const entries = [...given].sort((one, other) => severityRank(one.severity) - severityRank(other.severity) || (one.id < other.id ? -1 : 1));
  const [worst] = entries;
  if (worst === undefined) throw new Error(`the delivery ${delivery} has no entries`);
  const alarms = entries.slice(0, ALARMS_LISTED).map(notifiedAlarm);
  const [only] = alarms;
  const alone = entries.length === 1 && only !== undefined;
  return {
    delivery,
    project: worst.project,
    route: entries.every(({ route }) => route === worst.route) ? worst.route : null,
    title: alone ? titleOf(only) : summaryOf(entries),
    text: alone ? textOfOne(only) : textOfMany(entries, alarms),
    severity: worst.severity,
    count: entries.length,
    alarms,
    test: false,
    createdAt: newestOf(entries),
  };
}

/** Of `channel test`. */
export function testNotification(delivery: string, project: string, channel: string, now: number): Notification {
  return {
    delivery,
    project,
    route: null,
    title: `Test of the channel ${channel}`,
    text: `This is a test of the channel ${channel} of the project ${project}.\nNo alarm is behind it, and nothing has to be done.\n`,
    severity: 'warning',
    count: 0,
    alarms: [],
    test: true,
    createdAt: now,
  };
}

function newestOf(entries: readonly OutboxEntry[]): number {
  return entries.reduce((newest, { createdAt }) => Math.max(newest, createdAt), 0);
}

function titleOf({ cause, rule, message }: NotifiedAlarm): string {
  const words = line(message) || rule;
  return cause === 'raised' ? words : `${cause}: ${words}`;
}

/** `10000 alarm changes: 9990 raised, 10 cleared (rule gateway-silent)` */
function summaryOf(entries: readonly OutboxEntry[]): string {
  const counts = NOTIFY_CAUSES.map((cause) => [cause, entries.filter((entry) => entry.cause === cause).length] as const).filter(([, count]) => count > 0);
  const rules = new Set(entries.map(({ content }) => content.rule));
  const [rule] = rules;
  return `${entries.length} alarm changes: ${counts.map(([cause, count]) => `${count} ${cause}`).join(', ')}${rules.size === 1 ? ` (rule ${rule})` : ''}`;
}

function textOfOne(alarm: NotifiedAlarm): string {
  const labels = Object.entries(alarm.labels).map(([name, value]) => `${name}=${value}`);
  const rows: readonly (readonly [string, string | null])[] = [
    ['severity', alarm.level === null || alarm.level === alarm.severity ? alarm.severity : `${alarm.severity} (${alarm.level})`],
    ['change', alarm.cause],
    ['time', isoTime(alarm.time)],
    ['device', alarm.device],
    ['point', alarm.point],
    ['group', alarm.group],
    ['value', alarm.value === null ? null : typeof alarm.value === 'string' ? alarm.value : JSON.stringify(alarm.value)],
    ['why', alarm.explanation],
    ['rule', alarm.rule],
    ['labels', labels.join(' ')],
    ['alarm', alarm.alarm],
  ];
  const shown = rows.filter(([, value]) => value !== null && value !== '').map(([name, value]) => `${`${name}:`.padEnd(10)}${line(value ?? '')}`);
  return `${titleOf(alarm)}\n\n${shown.join('\n')}\n`;
}

function textOfMany(entries: readonly OutboxEntry[], alarms: readonly NotifiedAlarm[]): string {
  const rows = alarms.map((alarm) => {
    const subject = [alarm.device ?? alarm.group, alarm.point].filter((part) => part !== null).join('/');
    return `${alarm.severity.padEnd(9)}${alarm.cause.padEnd(9)}${isoTime(alarm.time)}  ${subject}  ${line(alarm.message) || alarm.rule}`;
  });
  const more = entries.length - alarms.length;
  return `${summaryOf(entries)}\n\n${rows.join('\n')}\n${more > 0 ? `... and ${more} more\n` : ''}`;
}

function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

/** What devices and rules say may hold anything; a row stays a row. */
function line(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}
