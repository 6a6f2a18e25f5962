import { painted } from '../../cli/column.ts';
import type { TableStyle } from '../../cli/table.ts';

export interface StoryOptions {
  /** ms since 1970: ages are counted from here. */
  readonly now: number;
  readonly timezone: string;
  readonly style: TableStyle;
}

/** Above a part of what is written for people. */
export function title(text: string, { style }: Pick<StoryOptions, 'style'>): string {
  return painted(text, style.colour ? '1' : null);
}
