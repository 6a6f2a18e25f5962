import type { OversizedReport } from '../api/api-server.ts';
import { createCommandResults } from '../control/command-results.ts';
import type { Control } from '../control/control.ts';
import type { CommandKind } from '../domain/command.ts';
import type { DeviceId } from '../domain/ids.ts';
import { messageOf } from '../errors/muster-error.ts';
import { loadFormats } from '../formats/registry.ts';
import type { AlarmEvaluator } from '../ingest/alarm-evaluator.ts';
import { NONE } from '../ingest/batch.ts';
import type { ClockObserver } from '../ingest/context.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import { createGroupCommit, type GroupCommit } from '../ingest/group-commit.ts';
import type { Rejection } from '../ingest/ingest.ts';
import type { IngestMeter } from '../ingest/ingest-meter.ts';
import { createPipeline, type Pipeline } from '../ingest/pipeline.ts';
import { createPressure, type Pressure } from '../ingest/pressure.ts';
import { createRateLimiter } from '../ingest/rate-limiter.ts';
import { createRecentMessages } from '../ingest/recent-messages.ts';
import { createRejectJournal, type RejectedMessage } from '../ingest/reject-journal.ts';
import { createRepeats } from '../ingest/repeats.ts';
import type { DeviceMessagePorts } from '../ingest/take-device-message.ts';
import type { RefusedPublish, Trouble } from '../protocols/mqtt/ports.ts';
import type { BrokerChange, BrokerStorage } from '../storage/broker-state.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import { createAlarmReports } from '../supervision/alarm-reports.ts';
import type { Alarms } from '../supervision/supervision.ts';
import type { Foundation } from './foundation.ts';
import { pressureGauges } from './pressure-gauges.ts';
import { publishCommitted } from './publish-committed.ts';

const NO_BYTES = new Uint8Array();

/** Messages that are known again, in 28 bytes each: those on their way to a hub in the moment it ends, many times over. */
const REPEATS_KEPT = 2 ** 20;

export interface IngestDoor {
  readonly pipeline: Pipeline;
  readonly pressure: Pressure;
  /** Messages that wait for the disk. */
  readonly waiting: () => number;
  /** What devices answer to commands, as messages. */
  readonly commandResults: (control: Pick<Control, 'answered'>, kind: CommandKind) => DeviceMessages;
  /** Alarms of gateways, as messages. */
  readonly alarmReports: (reported: Alarms['reported']) => DeviceMessages;
  /** What every message of a device meets that is no report. */
  readonly deviceMessages: DeviceMessagePorts;
  /** The broker's state on disk, its changes in order with those that come with messages. */
  readonly broker: BrokerStorage;
  /** Keeps a publish that its sender might not make among the sender's rejected messages. */
  readonly refused: (publish: RefusedPublish) => void;
  /** The same for log-ins, subscriptions and bytes that are no message. */
  readonly trouble: (trouble: Trouble) => void;
  /** And for reports that are larger than the hub takes. */
  readonly oversized: (report: OversizedReport) => void;
}

/** The spine: pipeline, group commit, reject journal. */
export async function openIngest(
  ports: Foundation & {
    readonly stream: LiveStream;
    readonly meter: IngestMeter;
    /** The alarm rules, given what writes in order with messages. */
    readonly supervise: (commit: GroupCommit) => AlarmEvaluator;
    readonly clocks: ClockObserver;
  },
): Promise<IngestDoor> {
  const { settings, storage, stream, meter, clocks, clock, log } = ports;
  const { system, directory, samples, disk, allocateSeries } = storage;
  const repeatWindowMs = settings['ingest.repeat-window-ms'];
  const rejects = createRejectJournal(system.rejects, settings['limits.rejects-kept']);
  const commit = createGroupCommit(system.log, settings['limits.commit-queue'], publishCommitted({ store: samples, stream }));
  const pressure = createPressure({
    gauges: pressureGauges(settings, {
      messages: () => commit.depth,
      bytes: () => pipeline.bytesWaiting,
      journalBytes: () => system.log.journalBytes,
      storeFailed: storage.failed,
    }),
    heldMaxMs: settings['ingest.push-back-max-ms'],
    clock,
    log,
  });
  const limiter = createRateLimiter({
    device: {
      messagesPerSecond: settings['limits.messages-per-second-per-device'],
      pointsPerSecond: settings['limits.points-per-second-per-device'],
    },
    project: {
      messagesPerSecond: settings['limits.messages-per-second-per-project'],
      pointsPerSecond: settings['limits.points-per-second-per-project'],
    },
    burstSeconds: settings['limits.rate-burst-seconds'],
  });
  const pipeline: Pipeline = createPipeline({
    context: {
      directory,
      alarms: ports.supervise(commit),
      clocks,
      chooseFormat: await loadFormats(),
      allocateSeries,
      limits: {
        readingsPerMessage: settings['limits.readings-per-message'],
        pointsPerDevice: settings['limits.points-per-device'],
        pointsPerProject: settings['limits.points-per-project'],
        valueBytesMax: settings['limits.value-bytes-max'],
        earliestTime: Date.parse(settings['ingest.earliest-time']),
        futureMaxMs: settings['ingest.future-max-ms'],
        lateAfterMs: settings['ingest.late-after-ms'],
      },
    },
    system,
    commit,
    rejects,
    meter,
    bytesWaitingMax: settings['limits.bytes-waiting'],
    limiter,
    ...(repeatWindowMs > 0 && { repeats: createRepeats(createRecentMessages(repeatWindowMs, REPEATS_KEPT, await system.recentMarks())) }),
    closed: disk.refusal,
    pressure: pressure.wait,
    heldBackMsMax: settings['ingest.push-back-max-ms'],
  });
  const deviceMessages: DeviceMessagePorts = {
    directory,
    rejects,
    log: system.log,
    closed: disk.refusal,
    admit: (device, message) => limiter.admit(device, message)?.error ?? null,
  };

  return {
    pipeline,
    pressure,
    waiting: () => commit.depth,
    deviceMessages,
    alarmReports: (reported) => createAlarmReports({ reported, ...deviceMessages }),
    commandResults: (control, kind) => createCommandResults({ control, kind, ...deviceMessages, resultBytesMax: settings['limits.value-bytes-max'] }),
    broker: {
      load: () => system.broker.load(),
      async commit(changes) {
        const refusal = disk.refusal();
        if (refusal !== null && changes.some(takesRoom)) throw refusal;
        await commit.add(NONE, NONE, changes);
      },
    },
    refused({ device, protocol, address, topic, reason, payloadHead, payloadBytes, time }) {
      keep(
        device,
        { protocol, address, topic, payload: payloadHead, payloadBytes, receivedAt: time },
        { code: 'not_allowed', step: 'authorize', reason, point: null },
      );
    },
    trouble({ device, protocol, address, topic, code, step, reason, time }) {
      keep(device, { protocol, address, topic, payload: NO_BYTES, payloadBytes: 0, receivedAt: time }, { code, step, reason, point: null });
    },
    oversized({ device, address, path, bytes, reason }) {
      device.rejected += 1;
      keep(
        device.device.id,
        { protocol: 'http', address, topic: path, payload: NO_BYTES, payloadBytes: bytes, receivedAt: clock() },
        { code: 'payload_too_large', step: 'receive', reason, point: null },
      );
    },
  };

  function keep(device: DeviceId | null, message: RejectedMessage, rejection: Rejection): void {
    // Of no use to anybody who has to make room first.
    if (disk.refusal() !== null) return;
    const entry = device === null ? undefined : directory.device(device);
    const statements = entry ? rejects.refused(entry, message, rejection) : [];
    if (statements.length === 0) return;
    system.log.commit({ statements }).catch((error: unknown) => log.warn({ device, reason: messageOf(error) }, 'a refused message could not be kept'));
  }
}

/** Sessions and subscriptions are small, and whoever only reads has them too. */
function takesRoom({ kind }: BrokerChange): boolean {
  return kind === 'put-message' || kind === 'put-retained';
}
