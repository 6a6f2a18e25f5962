import type { CommandFigures } from './hub-figures.ts';
import type { LevelMetric } from './level-metric.ts';

/** What is asked of devices. */
export const COMMAND_METRICS: readonly LevelMetric<CommandFigures>[] = [
  { name: 'muster_commands_open', help: 'Commands that are not settled', read: ({ open }) => open },
  { name: 'muster_jobs_open', help: 'Jobs that are not over', read: ({ jobs }) => jobs },
  { name: 'muster_command_bytes_open', help: 'Bytes of their values', read: ({ bytes }) => bytes },
  { name: 'muster_commands_created_total', help: 'Commands that were asked', read: ({ created }) => created },
  {
    name: 'muster_command_changes_total',
    help: 'Changes of commands, by the state they came to; one that is sent again counts again',
    label: 'state',
    read: ({ sent, delivered, applied, rejected, expired, cancelled }) => [
      ['sent', sent],
      ['delivered', delivered],
      ['applied', applied],
      ['rejected', rejected],
      ['expired', expired],
      ['cancelled', cancelled],
    ],
  },
  { name: 'muster_stream_dropped_command_changes_total', help: 'Changes of commands dropped for slow subscribers', read: ({ streamDropped }) => streamDropped },
];
