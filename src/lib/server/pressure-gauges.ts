import type { Settings } from '../config/settings.ts';
import type { PressureGauge } from '../ingest/pressure.ts';

export interface PressureLevels {
  /** Messages that wait for the disk, and their payloads. */
  readonly messages: () => number;
  readonly bytes: () => number;
  /** Journal that waits for the sample store. */
  readonly journalBytes: () => number;
  readonly storeFailed: () => boolean;
}

/**
 * What must not fill. Messages and their bytes leave within a group commit or two; the journal leaves as fast as the sample store takes it, so
 * letting go a little below the mark keeps senders at that pace instead of stopping them for seconds.
 */
export function pressureGauges(
  settings: Pick<Settings, 'limits.commit-queue' | 'limits.bytes-waiting' | 'limits.journal-bytes'>,
  levels: PressureLevels,
): readonly PressureGauge[] {
  const queueMax = settings['limits.commit-queue'];
  const bytesMax = settings['limits.bytes-waiting'];
  const journalMax = settings['limits.journal-bytes'];
  // Nothing leaves the journal of a store that has failed: slowing down earlier puts off the moment when the hub must refuse.
  const journalMark = () => (levels.storeFailed() ? journalMax / 8 : journalMax / 2);
  return [
    { name: 'messages wait for the disk', level: levels.messages, high: () => queueMax / 2, low: () => queueMax / 4 },
    { name: 'bytes of messages wait for the disk', level: levels.bytes, high: () => bytesMax / 2, low: () => bytesMax / 4 },
    {
      name: 'bytes of the journal wait for the sample store',
      // What waits for the disk is journal in a moment.
      level: () => levels.journalBytes() + levels.bytes(),
      high: journalMark,
      low: () => journalMark() - journalMax / 32,
    },
  ];
}
