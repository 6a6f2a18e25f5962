import type { SeriesId } from '../domain/ids.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { FormatChooser } from '../formats/registry.ts';
import type { AlarmEvaluator } from './alarm-evaluator.ts';

/** Told of the newest time of its own in each message of a device. Must not throw. */
export interface ClockObserver {
  reported(device: DeviceEntry, newest: number, receivedAt: number): void;
}

/** What a step may look at besides its batch. Time comes with the message. */
export interface IngestContext {
  readonly directory: Directory;
  readonly chooseFormat: FormatChooser;
  readonly allocateSeries: () => SeriesId;
  /** Absent: nothing watches what comes. */
  readonly alarms?: AlarmEvaluator;
  /** Absent: nobody asks how right the clocks of devices are. */
  readonly clocks?: ClockObserver;
  readonly limits: {
    readonly readingsPerMessage: number;
    readonly pointsPerDevice: number;
    readonly pointsPerProject: number;
    readonly valueBytesMax: number;
    /** ms since 1970 */
    readonly earliestTime: number;
    readonly futureMaxMs: number;
    readonly lateAfterMs: number;
  };
}
