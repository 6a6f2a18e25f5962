import type { SeriesId } from '../domain/ids.ts';
import type { Directory } from '../fleet/directory.ts';
import type { FormatChooser } from '../formats/registry.ts';
import type { AlarmEvaluator } from './alarm-evaluator.ts';

/** What a step may look at besides its batch. Time comes with the message. */
export interface IngestContext {
  readonly directory: Directory;
  readonly chooseFormat: FormatChooser;
  readonly allocateSeries: () => SeriesId;
  /** Absent: nothing watches what comes. */
  readonly alarms?: AlarmEvaluator;
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
