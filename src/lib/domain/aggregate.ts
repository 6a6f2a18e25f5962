export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last', 'stddev', 'median'] as const;
export type Aggregate = (typeof AGGREGATES)[number];
