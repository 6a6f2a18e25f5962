import type { Settings } from '../config/settings.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import { loadFormats } from '../formats/registry.ts';
import { NONE } from '../ingest/batch.ts';
import { createGroupCommit } from '../ingest/group-commit.ts';
import type { Rejection } from '../ingest/ingest.ts';
import type { IngestMeter } from '../ingest/ingest-meter.ts';
import { createPipeline, type Pipeline } from '../ingest/pipeline.ts';
import { createRejectJournal, type RejectedMessage } from '../ingest/reject-journal.ts';
import type { RefusedPublish, Trouble } from '../protocols/mqtt/ports.ts';
import type { BrokerStorage } from '../storage/broker-state.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import type { Storage } from './open-storage.ts';
import { publishCommitted } from './publish-committed.ts';

const NO_BYTES = new Uint8Array();

export interface IngestDoor {
  readonly pipeline: Pipeline;
  /** Messages that wait for the disk. */
  readonly waiting: () => number;
  /** The broker's state on disk, its changes in order with those that come with messages. */
  readonly broker: BrokerStorage;
  /** Keeps a publish that its sender might not make among the sender's rejected messages. */
  readonly refused: (publish: RefusedPublish) => void;
  /** The same for log-ins, subscriptions and bytes that are no message. */
  readonly trouble: (trouble: Trouble) => void;
}

/** The spine: pipeline, group commit, reject journal. */
export async function openIngest(ports: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly stream: LiveStream;
  readonly meter: IngestMeter;
  readonly log: Log;
}): Promise<IngestDoor> {
  const { settings, storage, stream, meter, log } = ports;
  const { system, directory, samples, allocateSeries } = storage;
  const rejects = createRejectJournal(system.rejects, settings['limits.rejects-kept']);
  const commit = createGroupCommit(system.log, settings['limits.commit-queue']);
  const pipeline = createPipeline({
    context: {
      directory,
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
    publish: publishCommitted({ store: samples, stream }),
  });

  return {
    pipeline,
    waiting: () => commit.depth,
    broker: {
      load: () => system.broker.load(),
      async commit(changes) {
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
  };

  function keep(device: DeviceId | null, message: RejectedMessage, rejection: Rejection): void {
    const entry = device === null ? undefined : directory.device(device);
    const statements = entry ? rejects.refused(entry, message, rejection) : [];
    if (statements.length === 0) return;
    system.log.commit({ statements }).catch((error: unknown) => log.warn({ device, reason: messageOf(error) }, 'a refused message could not be kept'));
  }
}
