import type { SampleItem } from '../api/schema/samples.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type PlanOptions, planImport } from './recording/import-plan.ts';
import { formatOf, openRecording, type RecordingFormat, readCsv, readNdjson } from './recording/read-recording.ts';
import { refuseBinary } from './recording/refuse-binary.ts';
import { createRowReader } from './recording/row-reader.ts';

/** One value of a point; null: its quality is not good. */
export interface PointValue {
  readonly time: number;
  readonly device: string;
  readonly point: string;
  readonly value: SampleItem['value'];
}

/** The values of a CSV or NDJSON file, as `muster import` reads them, in the order of the file. */
export async function* valuesOfFile(
  file: string,
  options: PlanOptions & { readonly format: RecordingFormat | undefined; readonly timezone: string; readonly signal: AbortSignal },
): AsyncGenerator<PointValue> {
  const input = await openRecording(file, options.signal);
  await refuseBinary(input.stream, file);
  const recording = formatOf(file, options.format) === 'csv' ? await readCsv(input.stream, undefined) : await readNdjson(input.stream);
  const readRow = createRowReader({ plan: planImport(recording.header, options), timezone: options.timezone, knownPoint: () => undefined });
  for await (const row of recording.rows) {
    const { values, failed } = readRow(row);
    const [first] = failed;
    if (first !== undefined) {
      throw new MusterError('invalid', `Line ${first.line} of ${file} cannot be read: ${first.reason}.`, {
        hint: 'See `muster import --dry-run` for all that is wrong with the file.',
        details: { line: first.line, code: first.code },
      });
    }
    for (const { time, device, point, value, quality } of values) yield { time, device, point, value: quality === 'good' ? value : null };
  }
}

/** The stored values of some points of a device, by time. `points`: paths, with * for any text. */
export async function* valuesOfHub(
  hub: HubClient,
  query: { readonly device: string; readonly points: readonly string[]; readonly from: number; readonly to: number },
): AsyncGenerator<PointValue> {
  const { device, points, from, to } = query;
  for await (const { device: id, point, time, value, quality } of hub.samples(device, { point: [...points], from, to })) {
    yield { time, device: id, point, value: quality === 'good' ? value : null };
  }
}
