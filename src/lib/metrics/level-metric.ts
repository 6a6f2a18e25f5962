/** One value, or one for each value of the label; null: not known at the moment. */
export type Reading = number | null | readonly (readonly [label: string, value: number])[];

/** A metric that is read at each scrape. A counter's name ends in `_total`: it only grows, until the hub starts anew. */
export interface LevelMetric<Levels> {
  readonly name: `muster_${string}`;
  readonly help: string;
  readonly label?: string;
  readonly read: (levels: Levels) => Reading;
}
