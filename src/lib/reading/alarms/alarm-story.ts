import { DISPLAY_STATE_NAMES } from '../../alarms/state/display-state.ts';
import type { Alarm, AlarmDetail } from '../../api/schema/alarms.ts';
import { placeOf, severityColour } from '../../cli/alarm-columns.ts';
import { painted } from '../../cli/column.ts';
import { TableLayout } from '../../cli/table.ts';
import { printable, wrapText } from '../../cli/text-width.ts';
import { formatAge } from '../../domain/duration.ts';
import { isoInZone } from '../../domain/time-zone.ts';
import { eventColumns } from './alarm-event-columns.ts';
import { samplesText } from './alarm-samples.ts';
import { type StoryOptions, title } from './story-options.ts';

const LABEL_WIDTH = 10;
const WIDTH_IN_PIPE = 120;

/** An alarm for people: what it is, why, what happened to it, and the samples around it. */
export async function alarmStory(detail: AlarmDetail, options: StoryOptions): Promise<string> {
  const parts = [heading(detail.alarm, options), facts(detail, options).join('\n')];
  const events = new TableLayout(eventColumns(options.timezone), options.style, true);
  const older = detail.eventsLeftOut ? ' (older ones: `muster event list`)' : '';
  parts.push(`${title(`What happened${older}`, options)}\n${await events.lines(detail.events)}`.trimEnd());
  for (const samples of detail.samples) parts.push(await samplesText(samples, detail.alarm, options));
  return `${parts.join('\n\n')}\n`;
}

function heading(alarm: Alarm, { now, style }: StoryOptions): string {
  const severity = (alarm.severity ?? 'no severity').toUpperCase();
  const shown = painted(severity, style.colour ? severityColour(alarm.severity) : null);
  const since = alarm.active && alarm.raisedAt !== null ? `, active for ${formatAge(now - alarm.raisedAt)}` : '';
  const state = alarm.closedAt === null ? DISPLAY_STATE_NAMES[alarm.state] : 'Closed';
  return `${shown}  ${alarm.rule} on ${placeOf(alarm)}\n${state}${since}${alarm.message === '' ? '' : `: ${printable(alarm.message)}`}`;
}

function facts(detail: AlarmDetail, options: StoryOptions): string[] {
  const { alarm, device, rule } = detail;
  const at = (time: number | null): string =>
    time === null ? '' : `${isoInZone(time, options.timezone)} (${formatAge(Math.abs(options.now - time))}${time > options.now ? ' from now' : ' ago'})`;
  const lines: string[] = [];
  const line = (label: string, text: string): void => {
    if (text === '') return;
    const width = (options.style.width ?? WIDTH_IN_PIPE) - LABEL_WIDTH;
    for (const [index, part] of wrapText(printable(text), Math.max(20, width)).entries())
      lines.push(`${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${part}`);
  };
  line('Why', alarm.explanation);
  line('Raised', alarm.raisedAt === null ? '' : `${at(alarm.raisedAt)}${alarm.raisedCount > 1 ? `, ${alarm.raisedCount} times` : ''}`);
  line('Cleared', at(alarm.clearedAt));
  line('Acked', alarm.ackedBy === null ? '' : `by ${alarm.ackedBy} ${at(alarm.ackedAt)}`);
  if (alarm.raisedAt !== null && !alarm.acked) line('Acked', 'no');
  line('Latched', alarm.latched ? 'yes: `muster alarm reset` ends it' : '');
  line('Shelved', alarm.shelvedUntil === null ? '' : `until ${at(alarm.shelvedUntil)}${alarm.shelvedOnce ? ', or until it returns to normal' : ''}`);
  line('Silent', alarm.suppressedBy.length === 0 ? '' : `suppressed by ${alarm.suppressedBy.join(', ')}`);
  line('Silent', alarm.outOfService ? 'out of service' : '');
  line('Told', toldText(alarm, at));
  line('Assigned', alarm.assignee ?? '');
  line('Closed', at(alarm.closedAt));
  line('Found', alarm.origin === 'edge' ? 'at the edge: a gateway evaluated the rule' : '');
  line('Late data', alarm.historical ? 'found in samples that came late: nobody was told' : '');
  if (device !== null) line('Device', deviceText(device));
  line(
    'Labels',
    Object.entries(alarm.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  );
  if (rule === null)
    line('Rule', `${alarm.rule}, version ${alarm.ruleVersion}, which this hub does not know${alarm.origin === 'edge' ? ': it was found at the edge' : ''}`);
  else {
    const now = rule.versionNow === rule.version ? '' : rule.versionNow === null ? '; the rule is deleted' : `; version ${rule.versionNow} is in force now`;
    line('Rule', `${rule.id} version ${rule.version} by ${rule.createdBy}, ${isoInZone(rule.createdAt, options.timezone)}${now}`);
    for (const words of rule.words) line('', words);
  }
  line('Id', alarm.id);
  return lines;
}

function toldText(alarm: Alarm, at: (time: number | null) => string): string {
  if (alarm.raisedAt === null || alarm.historical || alarm.closedAt !== null) return '';
  const told = alarm.notifiedSeverity === null ? (alarm.active ? 'nobody yet' : '') : `as ${alarm.notifiedSeverity}`;
  return `${told}${alarm.reAlarmAt === null ? '' : `, again ${at(alarm.reAlarmAt)} unless it is acknowledged`}`;
}

function deviceText({ id, name, type, parent, labels }: NonNullable<AlarmDetail['device']>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [id, name === null ? '' : `"${name}"`, type === null ? '' : `of type ${type}`, parent === null ? '' : `behind ${parent}`, ...pairs]
    .filter((part) => part !== '')
    .join(' ');
}
