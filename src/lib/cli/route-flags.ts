import { Flags } from '@oclif/core';
import type { RouteUpdate } from '../api/schema/notifications.ts';
import { formatDuration } from '../domain/duration.ts';
import { GROUP_PARTS } from '../domain/group-parts.ts';
import { NOTIFY_CAUSES } from '../domain/notification.ts';
import { MusterError } from '../errors/muster-error.ts';
import { durationFlag, filterFlag } from './flags.ts';

const several = { multiple: true, multipleNonGreedy: true } as const;

/** Every part of a route, and whatever else is written in its file. */
export const ROUTE_KEYS = ['description', 'match', 'cleared', 'groupBy', 'groupWait', 'groupInterval', 'quietHours', 'schedule'] as const;

/** The flags that say what a route is. */
export const ROUTE_FLAGS = {
  channel: filterFlag({ summary: 'Channel that it tells over; repeats', helpValue: '<channel>', ...several }),
  description: Flags.string({ summary: 'What it is for', helpValue: '<text>' }),
  severity: filterFlag({ summary: 'Alarms of this severity, with a + of it and all worse; repeats', helpValue: '<severity>', ...several }),
  rule: filterFlag({ summary: 'Of rules with this id; * stands for any text; repeats', helpValue: '<rule>', ...several }),
  label: filterFlag({ summary: 'With this label of the alarm or its device; all must hold; repeats', helpValue: '<name[=value]>', ...several }),
  type: filterFlag({ summary: 'Of devices of this type; repeats', helpValue: '<type>', ...several }),
  group: filterFlag({ summary: 'Of devices in this group or below it; repeats', helpValue: '<group>', ...several }),
  device: filterFlag({ summary: 'Of devices with this id; * stands for any text; repeats', helpValue: '<device>', ...several }),
  cause: Flags.option({
    summary: 'Only these changes of an alarm; repeats',
    options: NOTIFY_CAUSES,
    multiple: true as const,
    multipleNonGreedy: true as const,
  })(),
  cleared: Flags.boolean({ summary: 'Tell of alarms that are over too (the default)', allowNo: true }),
  'group-by': filterFlag({ summary: `Tell together what has the same ${GROUP_PARTS.join(', ')} or label:NAME; repeats`, helpValue: '<part>', ...several }),
  'group-wait': durationFlag({ summary: 'How long the first of a group waits for others (default 30s)', exclusive: ['no-group-wait'] }),
  'no-group-wait': Flags.boolean({ summary: 'The first of a group goes at once' }),
  'group-interval': durationFlag({ summary: 'Between two notifications of a group (default 5m)' }),
  quiet: filterFlag({ summary: 'Quiet hours, such as "22:00-06:00": what comes then is told at their end; repeats', helpValue: '<hours>', ...several }),
  'quiet-except-for': filterFlag({
    summary: 'Severities that are told all the same, such as critical; repeats',
    helpValue: '<severity>',
    dependsOn: ['quiet'],
    ...several,
  }),
  schedule: filterFlag({ summary: 'Hours in which it is in force, such as "mon-fri 08:00-18:00"; repeats', helpValue: '<hours>', ...several }),
  timezone: Flags.string({ summary: 'Of --quiet and --schedule (default UTC)', helpValue: '<zone>' }),
};

type RouteFlags = {
  readonly [Name in Exclude<keyof typeof ROUTE_FLAGS, 'description' | 'cleared' | 'group-wait' | 'no-group-wait' | 'group-interval' | 'timezone'>]?:
    | readonly string[]
    | undefined;
} & {
  readonly description?: string | undefined;
  readonly cleared?: boolean | undefined;
  readonly 'group-wait'?: number | undefined;
  readonly 'no-group-wait'?: boolean | undefined;
  readonly 'group-interval'?: number | undefined;
  readonly timezone?: string | undefined;
};

/** The parts that flags give. `match` is merged with the one there is: a flag takes the place of its own part. */
export function routeParts(flags: RouteFlags, base: Pick<RouteUpdate, 'match'>): RouteUpdate {
  const { quiet, schedule, timezone = 'UTC', description, cleared } = flags;
  if (flags.timezone !== undefined && quiet === undefined && schedule === undefined)
    throw new MusterError('usage', '--timezone is of no use without --quiet or --schedule.', { details: { flag: 'timezone' } });
  const parts = Object.entries({
    severity: flags.severity,
    rule: flags.rule,
    labels: flags.label,
    type: flags.type,
    group: flags.group,
    device: flags.device,
    cause: flags.cause,
  }).filter(([, given]) => given !== undefined);
  const wait = flags['no-group-wait'] ? 0 : flags['group-wait'];
  return {
    ...(flags.channel !== undefined && { channels: [...flags.channel] }),
    ...(description !== undefined && { description }),
    ...(parts.length > 0 && { match: { ...base.match, ...Object.fromEntries(parts) } }),
    ...(cleared !== undefined && { cleared }),
    ...(flags['group-by'] !== undefined && { groupBy: [...flags['group-by']] }),
    ...(wait !== undefined && { groupWait: formatDuration(wait) }),
    ...(flags['group-interval'] !== undefined && { groupInterval: formatDuration(flags['group-interval']) }),
    ...(quiet !== undefined && {
      quietHours: { timezone, active: [...quiet], ...(flags['quiet-except-for'] !== undefined && { exceptFor: [...flags['quiet-except-for']] }) },
    }),
    ...(schedule !== undefined && { schedule: { timezone, active: [...schedule] } }),
  };
}
