import type { SecureContext } from 'node:tls';
import type { Device } from '../api/schema/fleet.ts';
import type { CountQuery } from '../api/schema/samples.ts';
import type { HubClient } from '../client/hub-client.ts';
import { formatDuration } from '../domain/duration.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { PayloadName, QualityOfService, ReplayTimes, SimulatedProtocol } from './choices.ts';
import { cleanUp, cleanUpFailed, releaseCredentials } from './clean-up.ts';
import { endRun } from './ending.ts';
import { connectFleet } from './fleet-connection.ts';
import { describeRun, type FleetPlan, newRunId, SIMULATION_LABEL, typeIdOf } from './fleet-plan.ts';
import { provision } from './provision.ts';
import { checkReadable, inspectRecording, type RecordingColumns, type RecordingSummary, readRecording } from './recording.ts';
import { createRepetitions } from './repetitions.ts';
import { checkReplay, replay, replayMs, shiftOf, type TimedReport } from './replayer.ts';
import { createReport, type SimulationReport } from './report.ts';
import { CONNECTION_LIMITS, COUNT_DEADLINE_MS, GONE_MS, LAST_ACKNOWLEDGEMENTS_MS, type SimulationMonitor } from './run-limits.ts';
import { countStored } from './stored.ts';
import { number, tallyText } from './summary.ts';
import { createTally } from './tally.ts';

export interface ReplayRecordingOptions {
  readonly hub: HubClient;
  readonly mqttUrl: string;
  /** Null: what Node trusts. */
  readonly trust: SecureContext | null;
  readonly file: string;
  readonly columns: RecordingColumns;
  /** Used as it is when it is there, created otherwise. */
  readonly device: string;
  readonly speed: number;
  readonly times: ReplayTimes;
  /** ms; null: to the end of the recording */
  readonly durationMs: number | null;
  readonly loop: boolean;
  readonly protocol: SimulatedProtocol;
  readonly qos: QualityOfService;
  readonly payload: PayloadName;
  /** False: what was created is removed at the end, its samples with it. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly monitor: SimulationMonitor;
}

/** Replays a CSV file as one device that reports over MQTT. */
export async function replayRecording(options: ReplayRecordingOptions): Promise<SimulationReport> {
  const { hub, file, columns, qos, protocol, keep, signal, monitor } = options;
  checkReplay(options);
  await checkReadable(file);
  const tally = createTally();
  monitor.onPhase(`Looking through ${file}`, tally);
  const recording = await inspectRecording(file, columns, signal);
  const clock = { ...options, span: recording };
  const known = await find(hub, options.device, signal);
  const device = known?.id ?? options.device;
  const run = newRunId(Date.now());
  const { identities, addedCredentials } = await provision({ hub, plan: planReplay(run, device, recording, known !== null), signal, monitor });
  const paths = recording.points.map(({ path }) => path);
  const count = (from: number, to: number): CountQuery => ({ device, point: paths, from, to });
  const removal = () => (keep ? releaseCredentials(hub, addedCredentials) : cleanUp(hub, run, addedCredentials));
  try {
    const fleet = await connectFleet({
      ...CONNECTION_LIMITS,
      url: options.mqttUrl,
      trust: options.trust,
      identities,
      protocol,
      qos,
      payload: options.payload,
      tally,
      random: Math.random,
      signal,
    });
    const [gateway] = fleet.gateways;
    if (!gateway) throw new MusterError('interrupted', 'Interrupted before the replay began.');
    const startedAt = Date.now();
    const range = expectedRange(options, recording, startedAt);
    const storedBefore = known !== null ? await countStored(hub, count(range.from, range.to), 0, 0) : 0;
    const length = replayMs(clock);
    monitor.onPhase(
      `Replaying ${number(recording.rows)} rows to ${device}${length === null ? ' until Ctrl-C' : `, for ${formatDuration(Math.ceil(length / 1000) * 1000)}`}`,
      tally,
    );
    const repetitions = createRepetitions();
    const sent = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
    await replay({
      ...clock,
      startedAt,
      open: () => readRecording(file, columns),
      async emit(reports: readonly TimedReport[]) {
        for (const { time, values } of reports) {
          sent.from = Math.min(sent.from, time);
          sent.to = Math.max(sent.to, time + 1);
          repetitions.note(time, Object.keys(values));
        }
        await gateway.whenRoom(signal);
        void gateway.reportAll(reports);
      },
    });
    const elapsedMs = Date.now() - startedAt;
    monitor.onPhase('Waiting for the last acknowledgements', tally);
    const { gone } = await fleet.finish(LAST_ACKNOWLEDGEMENTS_MS, GONE_MS);
    const expected = (qos === 0 ? tally.sent.samples : tally.acknowledged.samples) - repetitions.count;
    const { stored, removed, error } = await endRun({
      run,
      monitor,
      count: async () => (sent.to < sent.from ? 0 : countStored(hub, count(sent.from, sent.to), expected, COUNT_DEADLINE_MS, gone ? GONE_MS : undefined)),
      remove: removal,
    });
    return createReport(tally, {
      run,
      mqttUrl: options.mqttUrl,
      protocol,
      qos,
      gateways: 1,
      devices: 1,
      startedAt,
      elapsedMs,
      stored,
      storedBefore: stored === null ? storedBefore : Math.min(storedBefore, stored),
      repeated: repetitions.count,
      generator: null,
      stages: [],
      interrupted: signal.aborted,
      removed: keep ? null : removed,
      error,
    });
  } catch (error: unknown) {
    if (tally.sent.messages > 0) monitor.onWarning(`The replay ended without a summary; until then: ${tallyText(tally)}.`);
    await removal().catch((problem: unknown) => monitor.onWarning(cleanUpFailed(run, problem)));
    throw error;
  }
}

/** By id or alias; null when there is none. */
async function find(hub: HubClient, device: string, signal: AbortSignal): Promise<Device | null> {
  try {
    return await hub.request<Device>('GET', `/devices/${encodeURIComponent(device)}`, { signal });
  } catch (error: unknown) {
    if (error instanceof MusterError && error.code === 'not_found') return null;
    throw error;
  }
}

function planReplay(run: string, device: string, { points }: RecordingSummary, isThere: boolean): FleetPlan {
  const type = typeIdOf(run);
  const labels = { [SIMULATION_LABEL]: run };
  return {
    run,
    types: isThere
      ? []
      : [{ id: type, mode: 'strict', description: describeRun(run), points: points.map((point) => ({ ...point, unit: null, decimals: null })) }],
    gateways: [{ id: device, name: device, kind: 'gateway', type: isThere ? null : type, parent: null, labels }],
    children: [],
  };
}

/** Where in time the samples will lie: what is there already is counted before. */
function expectedRange(options: ReplayRecordingOptions, recording: RecordingSummary, startedAt: number): { readonly from: number; readonly to: number } {
  const shift = options.times === 'original' ? 0 : shiftOf({ ...options, span: recording }, startedAt);
  if (options.times === 'now') return { from: startedAt, to: startedAt + 1 };
  return { from: recording.earliest + shift, to: recording.latest + shift + 1 };
}
