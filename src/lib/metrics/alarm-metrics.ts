import type { SupervisionCounts } from '../supervision/supervision.ts';
import type { LevelMetric } from './level-metric.ts';

/** The alarm engine. */
export const ALARM_METRICS: readonly LevelMetric<SupervisionCounts>[] = [
  { name: 'muster_rules', help: 'Alarm rules in force at the hub', read: ({ rules }) => rules },
  { name: 'muster_rules_failing', help: 'Alarm rules that are enabled and cannot be read', read: ({ rulesFailing }) => rulesFailing },
  {
    name: 'muster_points_watched',
    help: 'Points that had a sample since the rules changed, and that at least one rule watches',
    read: ({ pointsWatched }) => pointsWatched,
  },
  {
    name: 'muster_alarms',
    help: 'Live alarms, by what holds of them; one may count several times',
    label: 'fact',
    read: ({ alarmsLive, alarmsActive, alarmsUnacked }) => [
      ['live', alarmsLive],
      ['active', alarmsActive],
      ['unacknowledged', alarmsUnacked],
    ],
  },
  {
    name: 'muster_alarm_evaluations',
    help: 'Rules on points, devices and groups that are not quiet, or that wait for the clock',
    read: ({ evaluations }) => evaluations,
  },
  { name: 'muster_alarm_late_evaluations', help: 'The same of late data', read: ({ lateEvaluations }) => lateEvaluations },
  { name: 'muster_alarm_timers', help: 'Timers of the alarm engine', read: ({ timers }) => timers },
  { name: 'muster_alarm_scripts_waiting', help: 'Samples that scripts of rules have not answered for', read: ({ scriptsWaiting }) => scriptsWaiting },
  { name: 'muster_alarm_events_waiting', help: 'Events of alarms that are not on disk', read: ({ uncommitted }) => uncommitted },
  { name: 'muster_alarm_commands_total', help: 'What rules asked of devices', read: ({ commandsAsked }) => commandsAsked },
  { name: 'muster_alarm_samples_total', help: 'Samples that passed the alarm rules', read: ({ samplesEvaluated }) => samplesEvaluated },
  {
    name: 'muster_alarm_samples_waiting',
    help: 'Samples that are evaluated once the hub, which has just started, is where it was',
    read: ({ samplesWaiting }) => samplesWaiting,
  },
  { name: 'muster_alarm_transitions_total', help: 'Changes of alarms', read: ({ transitions }) => transitions },
  {
    name: 'muster_alarm_dropped_total',
    help: 'What the alarm engine did not do because a limit was reached',
    label: 'what',
    read: ({ dropped }) => Object.entries(dropped),
  },
];
