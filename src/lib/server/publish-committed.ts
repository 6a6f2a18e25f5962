import type { Batch } from '../ingest/batch.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { LiveStream } from '../stream/live-stream.ts';

/** What happens to a batch once it is on disk: the sample store takes it over, the newest values move on, those who watch see it. */
export function publishCommitted(ports: { readonly store: SampleStore; readonly stream: LiveStream }): (batch: Batch, journalId: number | null) => void {
  const { store, stream } = ports;
  return ({ device, samples }, journalId) => {
    if (journalId !== null) store.committed(journalId);
    device.accepted += samples.length;
    for (const { entry, time, value, quality, late } of samples) {
      // A replay of old data does not make an old value the newest one.
      if (time >= entry.latestTime) entry.latest = { time, value, quality, late };
    }
    stream.publish(samples);
  };
}
