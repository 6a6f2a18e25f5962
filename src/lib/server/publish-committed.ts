import type { PublishCommitted } from '../ingest/group-commit.ts';
import type { SampleStore } from '../storage/sample-store.ts';
import type { LiveStream } from '../stream/live-stream.ts';

/** What happens to samples once they are on disk: the sample store takes them over, the newest values move on, those who watch see them. */
export function publishCommitted(ports: { readonly store: SampleStore; readonly stream: LiveStream }): PublishCommitted {
  const { store, stream } = ports;
  return (samples, journalId) => {
    if (journalId !== null) store.committed(journalId);
    for (let index = 0; index < samples.count; index += 1) {
      const entry = samples.entry(index);
      const time = samples.time(index);
      // A replay of old data does not make an old value the newest one.
      if (time < entry.latestTime) continue;
      entry.latest = { time, value: samples.value(index), quality: samples.quality(index), late: samples.late(index) };
    }
    stream.publish(samples);
  };
}
