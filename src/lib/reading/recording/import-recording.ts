import { isName } from '../../domain/ids.ts';
import type { ImportPlan } from './import-plan.ts';
import { countFailed, countValue, type ImportTally } from './import-tally.ts';
import type { KnownFleet } from './known-fleet.ts';
import type { Recording } from './read-recording.ts';
import type { FailedValue } from './recorded-value.ts';
import { createReportSender, type SendReport } from './report-sender.ts';
import { createRowReader, deviceOf } from './row-reader.ts';

export interface ImportOptions {
  readonly recording: Recording;
  readonly plan: ImportPlan;
  readonly timezone: string;
  readonly fleet: KnownFleet;
  readonly tally: ImportTally;
  readonly signal: AbortSignal;
  readonly batch: number;
  /** Null: a dry run. */
  readonly send: SendReport | null;
  /** Called for each value that is not taken. */
  onFailed(failed: FailedValue): void;
  /** Called after each row; may hold the import up. */
  afterRow(): Promise<void> | void;
  /** Everything before this line is in the hub. */
  onProgress(doneBefore: number): void;
}

/** Reads the rows, checks them and reports them. Resolves when every report has its answer; the figures are in the tally. */
export async function importRecording(options: ImportOptions): Promise<void> {
  const { recording, plan, timezone, fleet, tally, signal, batch, send } = options;
  const fail = (failed: FailedValue): void => {
    countFailed(tally, failed);
    options.onFailed(failed);
  };
  const sender =
    send === null
      ? null
      : createReportSender({
          send,
          signal,
          batch,
          onFailed: fail,
          onAccepted: (values) => {
            tally.accepted += values;
          },
        });
  const readRow = createRowReader({ plan, timezone, knownPoint: fleet.point });
  try {
    for await (const row of recording.rows) {
      if (signal.aborted) break;
      tally.rows += 1;
      tally.line = row.line;
      const device = deviceOf(plan, row);
      if (isName(device) && !(await fleet.load(device))) {
        fail({ line: row.line, device, time: null, point: null, value: null, code: 'unknown_device', reason: 'there is no such device (--create makes it)' });
      } else {
        const { values, failed } = readRow(row);
        for (const value of values) {
          countValue(tally, value);
          await sender?.add(value);
        }
        for (const one of failed) fail(one);
      }
      await options.afterRow();
    }
    if (!signal.aborted) await sender?.finish();
  } finally {
    options.onProgress(sender?.oldestWaitingLine() ?? tally.line + 1);
  }
}
