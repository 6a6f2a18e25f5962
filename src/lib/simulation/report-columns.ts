import { type Column, timeColumn } from '../cli/column.ts';
import { problemsOf, type SimulationReport } from './report.ts';

/** The report as columns, for csv and --columns. */
export const REPORT_COLUMNS: readonly Column<SimulationReport>[] = [
  { name: 'run', value: (row) => row.run },
  timeColumn('started', (row) => row.startedAt),
  { name: 'elapsedMs', value: (row) => row.elapsedMs },
  { name: 'gateways', value: (row) => row.gateways },
  { name: 'devices', value: (row) => row.devices },
  { name: 'sent', value: (row) => row.sent },
  { name: 'acknowledged', value: (row) => row.acknowledged },
  { name: 'stored', value: (row) => row.stored },
  { name: 'repeated', value: (row) => row.repeated },
  { name: 'failed', value: (row) => row.failed },
  { name: 'dropped', value: (row) => row.dropped },
  { name: 'samplesPerSecond', value: (row) => row.rate.samplesPerSecond },
  { name: 'messagesPerSecond', value: (row) => row.rate.messagesPerSecond },
  { name: 'p50Ms', value: (row) => row.acknowledgeMs.p50 },
  { name: 'p95Ms', value: (row) => row.acknowledgeMs.p95 },
  { name: 'p99Ms', value: (row) => row.acknowledgeMs.p99 },
  { name: 'maxMs', value: (row) => row.acknowledgeMs.max },
  { name: 'reconnects', value: (row) => row.connections.reconnects },
  { name: 'alarmsRaised', value: (row) => row.alarms?.raised ?? null },
  { name: 'alarmsCleared', value: (row) => row.alarms?.cleared ?? null },
  { name: 'commandsApplied', value: (row) => row.commands?.applied ?? null },
  { name: 'commandsRejected', value: (row) => row.commands?.rejected ?? null },
  { name: 'interrupted', value: (row) => row.interrupted },
  { name: 'problems', value: (row) => problemsOf(row), text: (row) => problemsOf(row).join('; ') },
];
