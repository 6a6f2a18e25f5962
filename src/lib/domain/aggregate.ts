export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last', 'stddev', 'median'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** What the numbers of many devices can become. */
export const ROLLUP_AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'stddev', 'median'] as const satisfies readonly Aggregate[];
export type RollupAggregate = (typeof ROLLUP_AGGREGATES)[number];
