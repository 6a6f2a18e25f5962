import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlannedPoint } from '../fleet-plan.ts';

/** A recording that comes with Muster (assets/recordings), and the site that replays it. */
export interface BundledRecording {
  /** Below assets/recordings. */
  readonly file: string;
  readonly device: string;
  readonly title: string;
  readonly place: string;
  /** What and when, in the words of its source. */
  readonly about: string;
  readonly source: string;
  readonly licence: string;
  readonly timeColumn: string;
  readonly points: readonly (PlannedPoint & { readonly column: string })[];
}

const number = { valueType: 'number' as const };
const NAB = 'Numenta Anomaly Benchmark';

export const BUNDLED_RECORDINGS: readonly BundledRecording[] = [
  {
    file: 'machine-temperature.csv',
    device: 'machine',
    title: 'Industrial machine',
    place: 'place not published',
    about: 'a part inside a large machine, every 5 minutes, 29 January to 19 February 2014, into its failure',
    source: `${NAB}, realKnownCause/machine_temperature_system_failure.csv`,
    licence: 'MIT',
    timeColumn: 'timestamp',
    points: [{ ...number, column: 'value', path: 'part/temperature', unit: '°F', decimals: 1 }],
  },
  {
    file: 'ambient-temperature.csv',
    device: 'office',
    title: 'Office',
    place: 'place not published',
    about: 'hourly, 22 March to 12 April 2014, with two gaps in which the sensor was offline',
    source: `${NAB}, realKnownCause/ambient_temperature_system_failure.csv`,
    licence: 'MIT',
    timeColumn: 'timestamp',
    points: [{ ...number, column: 'value', path: 'air/temperature', unit: '°F', decimals: 1 }],
  },
  {
    file: 'weather-hourly.csv',
    device: 'weather',
    title: 'Weather station',
    place: 'Seattle, USA',
    about: 'hourly normals of 1 to 22 April (means of 1981 to 2010)',
    source: 'NOAA climate normals, as packaged by vega-datasets (seattle-weather-hourly-normals.csv)',
    licence: 'public domain; the package BSD-3-Clause',
    timeColumn: 'date',
    points: [
      { ...number, column: 'temperature', path: 'air/temperature', unit: '°C', decimals: 1 },
      { ...number, column: 'pressure', path: 'air/pressure', unit: 'hPa', decimals: 1 },
      { ...number, column: 'wind', path: 'wind/speed', unit: 'm/s', decimals: 1 },
    ],
  },
];

/** The file on this machine: in a clone and in an installed package. */
export function recordingFile({ file }: Pick<BundledRecording, 'file'>): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'assets', 'recordings', file);
}
