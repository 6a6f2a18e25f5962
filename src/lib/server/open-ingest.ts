import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import { loadFormats } from '../formats/registry.ts';
import { createGroupCommit } from '../ingest/group-commit.ts';
import type { IngestMeter } from '../ingest/ingest-meter.ts';
import { createPipeline, type Pipeline } from '../ingest/pipeline.ts';
import { createRejectJournal } from '../ingest/reject-journal.ts';
import type { RefusedPublish } from '../protocols/mqtt/ports.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import type { Storage } from './open-storage.ts';
import { publishCommitted } from './publish-committed.ts';

export interface IngestDoor {
  readonly pipeline: Pipeline;
  /** Messages that wait for the disk. */
  readonly waiting: () => number;
  /** Keeps a publish that its sender might not make among the sender's rejected messages. */
  readonly refused: (publish: RefusedPublish) => void;
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
    refused({ device, protocol, address, topic, reason, payloadHead, payloadBytes, time }) {
      const entry = device === null ? undefined : directory.device(device);
      if (!entry) return;
      const message = { protocol, address, topic, payload: payloadHead, payloadBytes, receivedAt: time };
      const statements = rejects.refused(entry, message, { code: 'not_allowed', step: 'authorize', reason, point: null });
      if (statements.length === 0) return;
      system.log.commit({ statements }).catch((error: unknown) => log.warn({ device, reason: messageOf(error) }, 'a refused message could not be kept'));
    },
  };
}
