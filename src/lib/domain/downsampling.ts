/** How a long range is told with few samples: `minmax` keeps the least and the greatest of each stretch, `lttb` the outline that an eye sees. */
export const DOWNSAMPLING_METHODS = ['minmax', 'lttb'] as const;
export type DownsamplingMethod = (typeof DOWNSAMPLING_METHODS)[number];
