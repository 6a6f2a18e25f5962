/** Times in a file: ISO 8601 text, or ms since 1970. */
export const TIME_STYLES = ['iso', 'epoch'] as const;
export type TimeStyle = (typeof TIME_STYLES)[number];
