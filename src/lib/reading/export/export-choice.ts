import { extname } from 'node:path';
import { MusterError } from '../../errors/muster-error.ts';
import { LAYOUTS } from '../../exports/export-format.ts';
import { EXPORT_FORMATS } from '../../exports/registry.ts';
import { TIME_STYLES } from '../../exports/time-style.ts';

export const EXPORT_FORMAT_NAMES: readonly string[] = EXPORT_FORMATS.map(({ name }) => name);
/** Those that take alarms and events. */
export const TABLE_FORMAT_NAMES: readonly string[] = EXPORT_FORMATS.filter(({ loadTable }) => loadTable !== null).map(({ name }) => name);
export const EXPORT_LAYOUTS = LAYOUTS;
export const EXPORT_TIME_STYLES = TIME_STYLES;

/** What is exported, and how: everything that must be the same when an interrupted export goes on. */
export interface ExportChoice {
  readonly format: string;
  readonly layout: string;
  readonly time: string;
  readonly timezone: string;
  readonly device: readonly string[] | null;
  readonly point: readonly string[] | null;
  readonly label: readonly string[] | null;
  readonly group: readonly string[] | null;
  readonly selector: string | null;
  /** As the user wrote them: `-7d` means the same export tomorrow, from the same instant. */
  readonly from: string | null;
  readonly to: string | null;
}

export function definitionOf(format: string) {
  const definition = EXPORT_FORMATS.find(({ name }) => name === format);
  if (definition === undefined)
    throw new MusterError('usage', `There is no export format ${format}.`, { hint: `Choose one of ${EXPORT_FORMAT_NAMES.join(', ')}.` });
  return definition;
}

/** What is binary is not for a terminal: that would take its bytes for control characters. */
export function refuseTerminal(format: string): void {
  const { binary, extension } = definitionOf(format);
  if (!binary || process.stdout.isTTY !== true) return;
  throw new MusterError('usage', `${format} is not for a terminal.`, { hint: `Give --file FILE.${extension}, or a pipe.` });
}

/** The format that the name of a file asks for; CSV when it asks for none. */
export function formatOfFile(file: string | undefined): string {
  const extension = file === undefined ? '' : extname(file).slice(1).toLowerCase();
  return EXPORT_FORMATS.find((definition) => definition.extension === extension)?.name ?? 'csv';
}

/** The command line that continues an export. */
export function resumeCommand(file: string): string {
  return `muster export --file ${/^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`} --resume`;
}
