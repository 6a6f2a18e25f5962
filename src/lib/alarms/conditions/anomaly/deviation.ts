import type { SortedValues } from '../windows/sorted-values.ts';

/** The median absolute deviation of normally distributed values times this is their standard deviation: 1 / quantile(0.75). */
const OF_MEDIAN_DISTANCE = 1.4826022185056018;
/** The same for the mean absolute deviation: the root of pi / 2. */
const OF_MEAN_DISTANCE = 1.2533141373155003;

/**
 * A robust standard deviation. When more than half of the values are the same, their median distance is 0 and the mean distance stands in for it
 * (B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers, 1993).
 */
export function robustDeviation(values: SortedValues, median: number): number {
  const distance = values.medianDistance(median);
  return distance > 0 ? distance * OF_MEDIAN_DISTANCE : values.meanDistance(median) * OF_MEAN_DISTANCE;
}
