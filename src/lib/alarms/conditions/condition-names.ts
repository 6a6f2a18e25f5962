/** Of every kind of condition, for flags and the like: the kinds themselves are in registry.ts, and take a while to load. */
export const CONDITION_NAMES = ['bands', 'rate', 'noData', 'state', 'joint', 'trend', 'anomaly', 'script'] as const;
