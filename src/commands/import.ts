import { Args, Flags } from '@oclif/core';
import { dryRunFlag } from '../lib/cli/flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import type { HubClient } from '../lib/client/hub-client.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import { refuseFlags, timezoneFlag } from '../lib/reading/flags.ts';
import { planImport } from '../lib/reading/recording/import-plan.ts';
import { importRecording } from '../lib/reading/recording/import-recording.ts';
import { summaryColumns, summaryOf, valueColumns } from '../lib/reading/recording/import-summary.ts';
import { createTally, failedText, type ImportTally } from '../lib/reading/recording/import-tally.ts';
import { createKnownFleet } from '../lib/reading/recording/known-fleet.ts';
import { formatOf, openRecording, RECORDING_FORMATS, type RecordingInput, readCsv, readNdjson } from '../lib/reading/recording/read-recording.ts';
import { refuseBinary } from '../lib/reading/recording/refuse-binary.ts';
import { openResultsFile } from '../lib/reading/recording/results-file.ts';
import { createSendReport } from '../lib/reading/recording/send-report.ts';
import { createProgress, thousands } from '../lib/reading/terminal-progress.ts';

export default class Import extends HubCommand<typeof Import> {
  static override summary = 'Load a recording: CSV or NDJSON, of any layout or written by `muster export`';
  static override description =
    'The first line of a CSV names its columns. Files of `muster export` in csv, ndjson or json are understood as they are; Parquet is not read. In others the time is the column called time, timestamp, ts, datetime or date, and every other column is a point; --map takes some of them, under other names. Numbers are epoch seconds, from 100,000,000,000 on milliseconds. Values that the hub has already replace themselves, so an import may be repeated. Exit code 7 when some values were rejected.';
  static override args = { file: Args.string({ description: 'The file; - reads from stdin', required: true }) };
  static override flags = {
    device: Flags.string({ summary: 'Device of all rows, by id or alias', helpValue: '<device>' }),
    'device-column': Flags.string({ summary: 'Column that names the device', helpValue: '<column>' }),
    'time-column': Flags.string({ summary: 'Column with the time', helpValue: '<column>' }),
    'point-column': Flags.string({ summary: 'Column that names the point, when each row holds one value', helpValue: '<column>' }),
    'value-column': Flags.string({ summary: 'Column with the value', helpValue: '<column>' }),
    map: Flags.string({ summary: 'Take this column as this point', helpValue: '<column=point>', multiple: true, multipleNonGreedy: true }),
    timezone: timezoneFlag(),
    format: Flags.option({ summary: 'Form of the file; by its name unless given', options: RECORDING_FORMATS })(),
    delimiter: Flags.string({ summary: 'What divides the columns; found by itself among , ; | and tab', helpValue: '<text>' }),
    create: Flags.boolean({ summary: 'Create devices that do not exist' }),
    batch: Flags.integer({ summary: 'Values in one report', helpValue: '<values>', min: 1, max: 10_000, default: 5000 }),
    results: Flags.string({ summary: 'CSV file for what was not taken, a row each', helpValue: '<file>' }),
    'dry-run': dryRunFlag,
  };
  static override examples = [
    { description: 'What would happen:', command: '<%= config.bin %> import weather.csv --device station-1 --create --dry-run' },
    {
      description: 'Two columns of a recording:',
      command: '<%= config.bin %> import weather.csv --device station-1 --create --map temperature=air/temperature --map wind=air/wind',
    },
    { description: 'What an export wrote, into another hub:', command: '<%= config.bin %> import backup.csv --create --context other' },
    { description: 'From a pipe:', command: '<%= config.bin %> import - --device station-1 --format ndjson < samples.ndjson' },
  ];

  async run(): Promise<void> {
    refuseFlags('import', this.flags, ['sort']);
    this.checkColumns(summaryColumns(this.flags.timezone));
    const { file } = this.args;
    const { timezone, create, batch, 'dry-run': dryRun } = this.flags;
    const input = await openRecording(file, this.signal);
    await refuseBinary(input.stream, file);
    const format = formatOf(file, this.flags.format);
    if (format === 'ndjson' && this.flags.delimiter !== undefined) throw new MusterError('usage', '--delimiter is for CSV.');
    const recording = format === 'csv' ? await readCsv(input.stream, delimiterOf(this.flags.delimiter)) : await readNdjson(input.stream);
    const plan = planImport(recording.header, {
      device: this.flags.device,
      deviceColumn: this.flags['device-column'],
      timeColumn: this.flags['time-column'],
      pointColumn: this.flags['point-column'],
      valueColumn: this.flags['value-column'],
      map: this.flags.map,
    });
    const hub = dryRun ? await this.#hubIfAny() : await this.writable();
    const fleet = createKnownFleet({ hub, create, dryRun });
    if (plan.device !== null && !(await fleet.load(plan.device))) {
      throw new MusterError('not_found', `There is no device ${plan.device}.`, { hint: 'Create it with `muster device create`, or give --create.' });
    }
    const results = this.flags.results === undefined ? null : await openResultsFile(this.flags.results);
    const progress = createProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), now: Date.now });
    const tally = createTally();
    const startedAt = Date.now();
    let doneBefore = 0;
    try {
      await importRecording({
        recording,
        plan,
        timezone,
        fleet,
        tally,
        signal: this.signal,
        batch,
        send: dryRun || hub === null ? null : createSendReport(hub, (text) => this.say(text)),
        onFailed: (failed) => results?.add(failed),
        onProgress: (line) => {
          doneBefore = line;
        },
        afterRow: () => {
          progress.update(() => progressText(input, tally, startedAt));
          return results?.room();
        },
      });
    } catch (error: unknown) {
      progress.clear();
      this.say(howFar(tally, doneBefore));
      throw error;
    } finally {
      progress.clear();
      // Without a failure it holds its heading alone, which tells a script that nothing failed.
      await results?.close();
    }
    if (this.signal.aborted) {
      if (!dryRun) this.say(howFar(tally, doneBefore));
      throw new MusterError('interrupted', 'Interrupted.');
    }
    await this.#report(summaryOf(file, dryRun, plan, tally, fleet.created), tally);
  }

  /** A dry run checks against the hub when there is one, and does without when none is chosen. */
  async #hubIfAny(): Promise<HubClient | null> {
    try {
      return await this.hub();
    } catch (error: unknown) {
      if (!(error instanceof MusterError) || error.code !== 'no_context') throw error;
      this.say('No hub is chosen: devices and points are not checked.');
      return null;
    }
  }

  async #report(summary: ReturnType<typeof summaryOf>, tally: ImportTally): Promise<void> {
    const { timezone, results, 'dry-run': dryRun } = this.flags;
    await this.printOne(summary, summaryColumns(timezone));
    if (dryRun && this.output === 'table' && this.flags.columns === undefined && summary.firstValues.length > 0) {
      await this.write('\nThe first values:\n');
      await this.print(summary.firstValues, valueColumns(timezone));
    }
    if (tally.rejected === 0) return;
    for (const failed of tally.firstFailed) this.say(failedText(failed));
    const more = tally.rejected - tally.firstFailed.length;
    if (more > 0) this.say(`and ${thousands(more)} more.`);
    const hint = results === undefined ? 'Give --results FILE for a list of them.' : `They are listed in ${results}.`;
    const details = { rejected: tally.rejected, reasons: tally.reasons };
    if (tally.accepted === 0 && !dryRun) throw new MusterError('rejected', `No value was accepted; ${thousands(tally.rejected)} rejected.`, { hint, details });
    throw new MusterError('partly_failed', `${dryRun ? 'Would be rejected' : 'Rejected'}: ${thousands(tally.rejected)}.`, { hint, details });
  }
}

function delimiterOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const delimiter = text === '\\t' || text === 'tab' ? '\t' : text;
  if (delimiter === '' || /["\r\n]/.test(delimiter)) throw new MusterError('usage', 'The delimiter must not be empty, a quote or a line break.');
  return delimiter;
}

function progressText({ stream, bytes }: RecordingInput, tally: ImportTally, startedAt: number): string {
  const seconds = Math.max(0.001, (Date.now() - startedAt) / 1000);
  const read = 'bytesRead' in stream && typeof stream.bytesRead === 'number' ? stream.bytesRead : null;
  const share = bytes === null || bytes === 0 || read === null ? '' : ` (${Math.min(100, Math.floor((read / bytes) * 100))} %)`;
  return `${thousands(tally.rows)} rows${share}, ${thousands(tally.accepted)} values accepted, ${thousands(Math.round(tally.values / seconds))} values/s`;
}

function howFar(tally: ImportTally, doneBefore: number): string {
  return `${thousands(tally.rows)} rows were read, ${thousands(tally.accepted)} values are stored: everything before line ${doneBefore}. The same import again completes it; values that are there replace themselves.`;
}
