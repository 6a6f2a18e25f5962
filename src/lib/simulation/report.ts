import type { QualityOfService, SimulatedProtocol } from './choices.ts';
import type { Removed } from './clean-up.ts';
import type { EdgeAlarmCounts } from './edge-alarms.ts';
import type { RunError } from './ending.ts';
import type { LatencySummary } from './latency.ts';
import type { CommandCounts } from './obedience.ts';
import type { GeneratorHealth, StageResult } from './runner.ts';
import type { Amount, Tally } from './tally.ts';

/** What a simulation or replay came to. Samples are single values of points; times in ms. */
export interface SimulationReport {
  readonly run: string;
  readonly mqttUrl: string;
  readonly protocol: SimulatedProtocol;
  readonly qos: QualityOfService;
  readonly gateways: number;
  /** Gateways and the devices behind them. */
  readonly devices: number;
  readonly startedAt: number;
  readonly elapsedMs: number;
  /** Samples handed to the network. */
  readonly sent: number;
  /** Samples whose message the hub acknowledged; null with QoS 0, which knows no acknowledgement. */
  readonly acknowledged: number | null;
  /** Samples that the hub says it holds; null when it did not say. */
  readonly stored: number | null;
  /** Samples that the hub held before in the same range: a device that was there already. */
  readonly storedBefore: number;
  /** Samples sent with a point and time that were sent before: the hub keeps the last. */
  readonly repeated: number;
  readonly failed: number;
  readonly dropped: number;
  readonly messages: { readonly sent: number; readonly acknowledged: number | null; readonly failed: number; readonly dropped: number };
  readonly rate: { readonly samplesPerSecond: number; readonly messagesPerSecond: number };
  readonly acknowledgeMs: LatencySummary;
  readonly connections: { readonly made: number; readonly failed: number; readonly reconnects: number; readonly connectMs: LatencySummary };
  readonly errors: readonly { readonly reason: string; readonly count: number }[];
  /** Of the rules that the gateways evaluated themselves; null: they did not. */
  readonly alarms: EdgeAlarmCounts | null;
  /** What the gateways were asked meanwhile: set points, calls, configurations; null: they were not listening. */
  readonly commands: CommandCounts | null;
  /** Null for a replay, which waits for the hub rather than load it. */
  readonly generator: GeneratorHealth | null;
  readonly stages: readonly StageResult[];
  readonly interrupted: boolean;
  /** Null when everything was kept, or the hub was gone. */
  readonly removed: Removed | null;
  /** What kept the hub from saying what it stored, or from removing what was made. */
  readonly error: RunError | null;
}

export type ReportFacts = Omit<
  SimulationReport,
  'sent' | 'acknowledged' | 'failed' | 'dropped' | 'messages' | 'rate' | 'acknowledgeMs' | 'connections' | 'errors' | 'alarms' | 'commands'
> & { readonly alarms?: EdgeAlarmCounts | null; readonly commands?: CommandCounts | null };

/** @param facts.elapsedMs of the load itself: provisioning, waiting for the last acknowledgements and clean-up are not in the rate */
export function createReport(tally: Tally, facts: ReportFacts): SimulationReport {
  const seconds = facts.elapsedMs / 1000;
  const perSecond = (count: number) => (seconds > 0 ? Math.round((count / seconds) * 10) / 10 : 0);
  const confirmed: Amount | null = facts.qos === 0 ? null : tally.acknowledged;
  const counted = confirmed ?? tally.sent;
  const { run, stored, ...others } = facts;
  return {
    run,
    sent: tally.sent.samples,
    acknowledged: confirmed === null ? null : confirmed.samples,
    stored,
    failed: tally.failed.samples,
    dropped: tally.dropped.samples,
    messages: {
      sent: tally.sent.messages,
      acknowledged: confirmed === null ? null : confirmed.messages,
      failed: tally.failed.messages,
      dropped: tally.dropped.messages,
    },
    rate: { samplesPerSecond: perSecond(counted.samples), messagesPerSecond: perSecond(counted.messages) },
    acknowledgeMs: tally.acknowledgeTime.summary(),
    connections: {
      made: tally.connectTime.count,
      failed: tally.connectFailures,
      reconnects: tally.reconnects,
      connectMs: tally.connectTime.summary(),
    },
    errors: tally.errors(),
    alarms: null,
    commands: null,
    ...others,
  };
}

/** What went wrong, one sentence each; empty when every sample that was due was sent, acknowledged and stored. */
export function problemsOf(report: SimulationReport): readonly string[] {
  const problems: string[] = [];
  const silent = report.gateways - report.connections.made;
  if (silent > 0) problems.push(`${silent} of ${report.gateways} gateways could not connect`);
  if (report.failed > 0) problems.push(`${report.failed} samples were not acknowledged`);
  if (report.dropped > 0) problems.push(`${report.dropped} samples were dropped, because the hub was slower than the load`);
  const expected = (report.acknowledged ?? report.sent) - report.repeated;
  if (report.stored === null) problems.push('the hub did not say what it stored');
  else if (report.stored < expected)
    problems.push(`${expected - report.stored} samples are not stored though they were ${report.qos === 0 ? 'sent' : 'acknowledged'}`);
  if (report.removed !== null && report.removed.failed.length > 0) problems.push(`${report.removed.failed.length} things could not be removed`);
  return problems;
}
