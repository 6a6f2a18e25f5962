import type { HubClient } from '../../client/hub-client.ts';
import type { Gateway } from '../../device/gateway.ts';
import { MusterError, messageOf } from '../../errors/muster-error.ts';
import { releaseCredentials } from '../clean-up.ts';
import { connectFleet } from '../fleet-connection.ts';
import { type FleetPlan, newRunId, SIMULATION_LABEL } from '../fleet-plan.ts';
import { provision } from '../provision.ts';
import { inspectRecording, type RecordingColumns, type RecordingSummary, readRecording } from '../recording.ts';
import { type ReplayOptions, replay, replayMs, shiftOf } from '../replayer.ts';
import { createReport, type SimulationReport } from '../report.ts';
import { CONNECTION_LIMITS, COUNT_DEADLINE_MS, GONE_MS, LAST_ACKNOWLEDGEMENTS_MS, type SimulationMonitor } from '../run-limits.ts';
import { countStored } from '../stored.ts';
import type { Tally } from '../tally.ts';
import type { Board } from './board.ts';
import { REPLAYING } from './demo-state.ts';
import { BUNDLED_RECORDINGS, type BundledRecording, recordingFile } from './recordings.ts';

export interface DemoOptions {
  readonly hub: HubClient;
  readonly mqttUrl: string;
  /** Recorded seconds in one second; null: as fast as it takes to play the recordings in `durationMs`. */
  readonly speed: number | null;
  /** null: to the end of the recordings */
  readonly durationMs: number | null;
  readonly board: Board;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  readonly monitor: SimulationMonitor;
  /** The length of the replay is known from here on, ms. */
  readonly onBegin: (lengthMs: number) => void;
}

export interface DemoResult {
  readonly report: SimulationReport;
  readonly speed: number;
  /** What the samples' times cover, ms since 1970. */
  readonly from: number;
  readonly to: number;
}

/** About a minute is long enough to watch and short enough to stay. */
const LENGTH_MS = 60_000;
const STREAM_READY_MS = 10_000;

/** Replays the bundled recordings, each by a gateway of its own, while the board follows the hub's live stream. */
export async function playDemo(options: DemoOptions): Promise<DemoResult> {
  const { hub, board, tally, signal, monitor, durationMs } = options;
  const recordings = await Promise.all(
    BUNDLED_RECORDINGS.map(async (recording) => ({ recording, summary: await inspectRecording(recordingFile(recording), columnsOf(recording), signal) })),
  );
  const longest = Math.max(...recordings.map(({ summary }) => summary.latest - summary.first));
  const speed = options.speed ?? longest / (durationMs ?? LENGTH_MS);
  const run = newRunId(Date.now());
  monitor.onPhase('Creating the gateways', tally);
  const { identities, addedCredentials } = await provision({ hub, plan: planDemo(run), signal, monitor });
  const follower = new AbortController();
  const following = await follow(hub, board, follower.signal, monitor);
  const fleet = await connectFleet({
    ...CONNECTION_LIMITS,
    url: options.mqttUrl,
    trust: null,
    identities,
    protocol: 'mqtt5',
    qos: 1,
    payload: 'json',
    tally,
    random: Math.random,
    signal,
  });
  const devices = BUNDLED_RECORDINGS.map(({ device }) => device);
  const storedBefore = await countStored(hub, { device: devices }, 0, 0);
  const clockOf = (span: RecordingSummary) => ({ span, speed, times: 'shifted' as const, durationMs, loop: false });
  const startedAt = Date.now();
  const spans = recordings.map(({ summary }) => {
    const shift = shiftOf(clockOf(summary), startedAt);
    return { from: summary.first + shift, to: summary.latest + shift };
  });
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to));
  board.setSpan(from, to);
  options.onBegin(Math.max(...recordings.map(({ summary }) => replayMs(clockOf(summary)) ?? 0)));
  monitor.onPhase(REPLAYING, tally);
  await Promise.all(
    recordings.map(({ recording, summary }, index) => {
      const gateway = fleet.gateways[index];
      if (!gateway) throw new MusterError('interrupted', 'Interrupted before the replay began.');
      return replayOne(gateway, recording, { ...clockOf(summary), startedAt, signal });
    }),
  );
  const elapsedMs = Date.now() - startedAt;
  monitor.onPhase('Waiting for the last acknowledgements', tally);
  await fleet.finish(LAST_ACKNOWLEDGEMENTS_MS, GONE_MS);
  // A kept directory may hold the samples of an earlier demonstration.
  const stored = (await countStored(hub, { device: devices }, storedBefore + tally.acknowledged.samples, COUNT_DEADLINE_MS)) - storedBefore;
  await releaseCredentials(hub, addedCredentials);
  follower.abort();
  await following.ended;
  const report = createReport(tally, {
    run,
    mqttUrl: options.mqttUrl,
    protocol: 'mqtt5',
    qos: 1,
    gateways: identities.length,
    devices: identities.length,
    startedAt,
    elapsedMs,
    stored,
    storedBefore,
    repeated: 0,
    generator: null,
    stages: [],
    interrupted: signal.aborted,
    removed: null,
    error: null,
  });
  // Ended early: the rest of the span holds nothing to look at.
  return { report, speed, from, to: Math.round(Math.min(to, from + elapsedMs * speed)) };
}

function planDemo(run: string): FleetPlan {
  return {
    run,
    types: BUNDLED_RECORDINGS.map(({ device, title, points }) => ({
      id: `demo-${device}`,
      mode: 'strict',
      description: `Demonstration: ${title}`,
      points: points.map(({ column: _, ...point }) => point),
    })),
    gateways: BUNDLED_RECORDINGS.map(({ device, title, place }) => ({
      id: device,
      name: `${title}, ${place}`,
      kind: 'gateway',
      type: `demo-${device}`,
      parent: null,
      labels: { [SIMULATION_LABEL]: run },
    })),
    children: [],
  };
}

function columnsOf({ timeColumn, points }: BundledRecording): RecordingColumns {
  return { time: timeColumn, points: new Map(points.map(({ column, path }) => [column, path])) };
}

async function replayOne(gateway: Gateway, recording: BundledRecording, clock: Omit<ReplayOptions, 'open' | 'emit'>): Promise<void> {
  await replay({
    ...clock,
    open: () => readRecording(recordingFile(recording), columnsOf(recording)),
    async emit(reports) {
      await gateway.whenRoom(clock.signal);
      void gateway.reportAll(reports);
    },
  });
}

/** Resolves once the stream is open. */
async function follow(hub: HubClient, board: Board, signal: AbortSignal, monitor: SimulationMonitor): Promise<{ readonly ended: Promise<void> }> {
  let opened: () => void = () => undefined;
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const ended = (async () => {
    try {
      for await (const message of hub.live({ device: BUNDLED_RECORDINGS.map(({ device }) => device) }, signal)) {
        opened();
        board.apply(message);
      }
    } catch (error: unknown) {
      monitor.onWarning(`The live stream ended: ${messageOf(error)}`);
    }
  })();
  const tooLong = new Promise<void>((resolve) => setTimeout(resolve, STREAM_READY_MS).unref());
  await Promise.race([isOpen, ended, tooLong]);
  return { ended };
}
