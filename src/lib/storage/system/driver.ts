import { pathToFileURL } from 'node:url';
import { DatabaseSync, type StatementSyncInstance } from '@photostructure/sqlite';
import { messageOf } from '../../errors/muster-error.ts';
import type { SqlValue } from '../commit-log.ts';

/**
 * The one file that knows the SQLite driver. `node:sqlite` has the same classes and can take its place.
 *
 * A statement of this driver does not keep its database alive: when the database object is collected, the statement's next
 * use ends the process. So whoever keeps a `SqlStatement` keeps the `SqlDatabase` too, in the same object.
 */
export type SqlDatabase = InstanceType<typeof DatabaseSync>;
export type SqlStatement = StatementSyncInstance;

export interface OpenOptions {
  readonly readOnly: boolean;
  /** How long a statement waits for another connection's lock. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens a database file; without `readOnly`, it is made when it is missing.
 *
 * psow=0 (https://sqlite.org/psow.html): behind each commit the log is filled up to the end of the sector with a second copy of the
 * commit's last page. A last write that is cut off by up to 4,096 bytes then takes nothing along that was acknowledged.
 */
export function openDatabase(file: string, options: OpenOptions): SqlDatabase {
  return new DatabaseSync(`${pathToFileURL(file).href}?psow=0`, {
    readOnly: options.readOnly,
    timeout: options.busyTimeoutMs ?? 5000,
    enableForeignKeyConstraints: true,
  });
}

/** SQLite's extended result code of an error, or null of any other error. */
export function sqliteCode(error: unknown): number | null {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code : null;
}

/**
 * Parameters as they must be bound. The driver cuts a text at its first NUL, so that a look-up of `ann\0` would find `ann`: here it
 * becomes the visible sign U+2400, which finds nothing and keeps what stands behind it.
 */
export function bindable(parameters: readonly SqlValue[]): readonly SqlValue[] {
  return parameters.some(holdsNul) ? parameters.map((value) => (holdsNul(value) ? value.replaceAll('\0', '\u2400') : value)) : parameters;
}

function holdsNul(value: SqlValue): value is string {
  return typeof value === 'string' && value.includes('\0');
}

/** https://sqlite.org/rescode.html: the low byte is the primary code. 0: no error of SQLite. */
function primaryCode(error: unknown): number {
  return (sqliteCode(error) ?? 0) & 0xff;
}

/** The pages of the file are damaged, or it is none of SQLite's. The driver gives no code with what fails in `all`. */
export function isCorrupt(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 11 || code === 26 || (code === 0 && /disk image is malformed|file is not a database/.test(messageOf(error)));
}

/** Somebody else has locked it. The driver gives no code with what fails in `exec`. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 5 || code === 6 || (code === 0 && /locked|busy/i.test(messageOf(error)));
}

/** What to do about it. */
export const CORRUPT_HINT =
  'Restore it from a backup, or choose another data directory. Keep the damaged file: most of it can be read with the shell of SQLite (.recover).';
