import type { ReadDatabase } from './database.ts';
import { DEVICE_TEXT, STATUS_TEXT } from './devices.ts';
import { POINT_TEXTS } from './points.ts';

/**
 * Some devices and what belongs to them, each table as one JSON text: a call of the driver for each column takes ten times as long. Texts pass from thread to thread
 * by being copied.
 */
export interface FleetTexts {
  readonly devices: string;
  /** For each device that has any: `[id, series, ...]`. */
  readonly points: string;
  /** For each of them a line: its points, without the brackets around them. */
  readonly pointLines: string;
  readonly statuses: string;
  /** The id of the last device; null: there are no more. */
  readonly last: string | null;
}

const DEVICES = 1_000;
const LAST = `select id from devices where id > ? order by id limit 1 offset ${DEVICES - 1}`;
/** A BLOB comes after every text. */
const BEHIND_ALL = Buffer.from([0xff]);

/** The whole fleet, in the order of the devices' ids. */
export function* fleetTexts(database: ReadDatabase): Generator<FleetTexts, void, undefined> {
  for (let after = ''; ; ) {
    const last = database.get<{ id: string }>(LAST, after)?.id ?? null;
    const textOf = (sql: string) => database.get<{ text: string | null }>(sql, after, last ?? BEHIND_ALL)?.text ?? '[]';
    const points = database.get<{ points: string; lines: string }>(POINT_TEXTS, after, last ?? BEHIND_ALL);
    yield { devices: textOf(DEVICE_TEXT), points: points?.points ?? '[]', pointLines: points?.lines ?? '', statuses: textOf(STATUS_TEXT), last };
    if (last === null) return;
    after = last;
  }
}
