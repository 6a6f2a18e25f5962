import type { TableFormat } from './table.ts';
import type { TimeStyle } from './time-style.ts';

/** One exported row. `time` in ms since 1970. */
export interface ExportRow {
  readonly time: number;
  readonly device: string;
  readonly point: string;
  readonly value: unknown;
  readonly quality: string;
  readonly late: boolean;
}

export const LAYOUTS = ['long', 'wide'] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface ExportOptions {
  readonly layout: Layout;
  readonly time: TimeStyle;
  /** IANA name, such as Europe/Berlin; for `iso` times, written with their offset. */
  readonly timezone: string;
  /** Wide layout: the columns, in this order. */
  readonly points: readonly string[];
  /** False when a former part of the same export stands before these rows: no header, no opening bracket. */
  readonly atStart: boolean;
}

/** Turns chunks of samples into bytes, in constant memory. */
export interface ExportFormat {
  encode(rows: AsyncIterable<readonly ExportRow[]>, options: ExportOptions): AsyncIterable<Uint8Array>;
}

export interface ExportFormatDefinition {
  readonly name: string;
  readonly summary: string;
  readonly contentType: string;
  readonly extension: string;
  /** Not for a terminal, and without lines that could be counted. */
  readonly binary: boolean;
  /** Can an interrupted file be continued from its last whole row? */
  readonly resumable: boolean;
  /** `engine`: the sample store writes it itself (Parquet). */
  readonly writer: 'stream' | 'engine';
  /** For samples. */
  load(): Promise<ExportFormat>;
  /** For rows of any other kind, such as alarms and events; null: it takes none. */
  readonly loadTable: (() => Promise<TableFormat>) | null;
}
