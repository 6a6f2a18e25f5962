import { formatAge } from '../domain/duration.ts';
import type { LatencySummary } from './latency.ts';
import { problemsOf, type SimulationReport } from './report.ts';
import type { Tally } from './tally.ts';

/** The report for people: lines of a name and its figures. */
export function summaryLines(report: SimulationReport): readonly string[] {
  const { messages, rate, connections, generator } = report;
  const lines: [string, string][] = [
    [
      'sent',
      `${number(report.sent)} samples in ${number(messages.sent)} messages, ${report.gateways} gateway${report.gateways === 1 ? '' : 's'}, ${duration(report.elapsedMs)}`,
    ],
    ['acknowledged', report.acknowledged === null ? 'QoS 0 knows no acknowledgement' : `${number(report.acknowledged)} samples`],
    ['stored', report.stored === null ? 'not known' : `${number(report.stored)} samples, says the hub${storedNote(report)}`],
    ['rate', `${number(rate.samplesPerSecond)} samples/s, ${number(rate.messagesPerSecond)} messages/s`],
  ];
  if (report.qos > 0) lines.push(['acknowledge', latencyText(report.acknowledgeMs)]);
  if (connections.reconnects > 0 || connections.failed > 0) {
    lines.push(['connections', `${connections.made} made, ${connections.reconnects} made again, ${connections.failed} failed`]);
  }
  for (const { reason, count } of report.errors) lines.push(['error', `${count} x ${reason}`]);
  if (generator !== null) {
    const lag = `up to ${ms(generator.lagMs.max)} late (p99 ${ms(generator.lagMs.p99)})`;
    lines.push(['generator', generator.limited ? `${lag}, ${generator.missed} reports skipped: this machine was the limit, not the hub` : lag]);
  }
  if (report.alarms !== null) lines.push(['alarms', alarmsText(report.alarms)]);
  if (report.commands !== null && report.commands.applied + report.commands.rejected > 0) {
    lines.push(['commands', `${number(report.commands.applied)} applied, ${number(report.commands.rejected)} rejected`]);
  }
  if (report.error !== null) lines.push(['error', report.error.message]);
  if (report.removed !== null) lines.push(['cleaned up', `${report.removed.devices} devices, ${report.removed.types} types`]);
  for (const problem of problemsOf(report)) lines.push(['problem', problem]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

function latencyText(summary: LatencySummary): string {
  return summary.count === 0 ? 'nothing to measure' : `p50 ${ms(summary.p50)}, p95 ${ms(summary.p95)}, p99 ${ms(summary.p99)}, longest ${ms(summary.max)}`;
}

function alarmsText({ gateways, rules, raised, changed, cleared }: NonNullable<SimulationReport['alarms']>): string {
  if (rules === 0) return 'no rule with `runsAt: edge` holds for these gateways';
  const parts = [`${number(raised)} raised`, `${number(cleared)} cleared`];
  if (changed > 0) parts.splice(1, 0, `${number(changed)} changed`);
  return `${parts.join(', ')}, by ${rules} rule${rules === 1 ? '' : 's'} at ${gateways} gateway${gateways === 1 ? '' : 's'}`;
}

function storedNote(report: SimulationReport): string {
  const notes: string[] = [];
  if (report.repeated > 0) notes.push(`${number(report.repeated)} had the time of another: the last one counts`);
  if (report.storedBefore > 0) notes.push(`${number(report.storedBefore)} of this range were there before`);
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

function ms(value: number | null): string {
  if (value === null) return '-';
  return value < 10 ? `${value.toFixed(1)} ms` : value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

function duration(value: number): string {
  return value < 60_000 ? `${(value / 1000).toFixed(1)} s` : formatAge(value);
}

/** 12,345.6: the same in every locale, because a test and a reader in another country compare it. */
export function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

/** The counts of a run so far, on one line. */
export function tallyText(tally: Tally): string {
  const parts = [`${number(tally.sent.samples)} samples sent`];
  if (tally.acknowledged.messages > 0) parts.push(`${number(tally.acknowledged.samples)} acknowledged`);
  const p99 = tally.acknowledgeTime.quantile(0.99);
  if (p99 !== null) parts.push(`p99 ${ms(p99)}`);
  if (tally.dropped.samples > 0) parts.push(`${number(tally.dropped.samples)} dropped`);
  if (tally.failed.samples > 0) parts.push(`${number(tally.failed.samples)} failed`);
  if (tally.reconnects > 0) parts.push(`${tally.reconnects} reconnects`);
  return parts.join(', ');
}
