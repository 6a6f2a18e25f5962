import type { ReadDatabase } from './database.ts';
import { DEVICE_TEXTS, STATUS_LINES } from './devices.ts';
import { POINT_TEXTS } from './points.ts';

/**
 * Some devices and what belongs to them, each table as one JSON text: a call of the driver for each column takes ten times as long. Texts pass from thread to thread
 * by being copied.
 */
export interface FleetTexts {
  /** What is in memory at once. */
  readonly devices: string;
  /** The rest: a line for each. */
  readonly deviceLines: string;
  /** For each device that has any: `[id, series, ...]`. */
  readonly points: string;
  /** A line for each of these. */
  readonly pointLines: string;
  /** A line for each device that has one. */
  readonly statusLines: string;
  /** The id of the last device; null: there are no more. */
  readonly last: string | null;
}

/** To a thread that reads: nothing will be asked any more. */
export const NO_MORE = 'no more';

const DEVICES = 1_000;
const LAST = `select id from devices where id > ? order by id limit 1 offset ${DEVICES - 1}`;
/** With the device that has this one the piece ends: devices may have thousands each, and no text has room for those of a thousand of them. */
const POINTS = 50_000;
const LAST_BY_POINTS = `select device from points where device > ? and device <= ? order by device limit 1 offset ${POINTS - 1}`;
/** A BLOB comes after every text. */
const BEHIND_ALL = Buffer.from([0xff]);

/** The whole fleet, in the order of the devices' ids. */
export function* fleetTexts(database: ReadDatabase): Generator<FleetTexts, void, undefined> {
  for (let after = ''; ; ) {
    const lastOfMany = database.get<{ id: string }>(LAST, after)?.id ?? null;
    const last = database.get<{ device: string }>(LAST_BY_POINTS, after, lastOfMany ?? BEHIND_ALL)?.device ?? lastOfMany;
    const upTo = last ?? BEHIND_ALL;
    const devices = database.get<Partial<Texts>>(DEVICE_TEXTS, after, upTo);
    const points = database.get<Partial<Texts>>(POINT_TEXTS, after, upTo);
    yield {
      devices: devices?.devices ?? '[]',
      deviceLines: devices?.lines ?? '',
      points: points?.points ?? '[]',
      pointLines: points?.lines ?? '',
      statusLines: database.get<Partial<Texts>>(STATUS_LINES, after, upTo)?.lines ?? '',
      last,
    };
    if (last === null) return;
    after = last;
  }
}

interface Texts {
  readonly devices: string;
  readonly points: string;
  readonly lines: string;
}
