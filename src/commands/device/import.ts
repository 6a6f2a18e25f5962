import { Args, Flags } from '@oclif/core';
import { dryRunFlag, durationFlag, listFlags, pairsOf } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { KEY_KINDS } from '../../lib/domain/certificate.ts';
import { DEVICE_KINDS, DEVICE_STATES } from '../../lib/domain/device.ts';
import { OTHER_COLUMNS, planColumns } from '../../lib/enrolment/column-map.ts';
import { FIELD_NAMES } from '../../lib/enrolment/device-field.ts';
import { importDevices } from '../../lib/enrolment/import-devices.ts';
import { SUMMARY_COLUMNS, summaryOf } from '../../lib/enrolment/import-summary.ts';
import { createTally, type ImportTally, rowText } from '../../lib/enrolment/import-tally.ts';
import { CREDENTIAL_KINDS } from '../../lib/enrolment/make-credential.ts';
import { openImport } from '../../lib/enrolment/open-import.ts';
import type { ImportNote } from '../../lib/enrolment/pending-file.ts';
import { readCsvRows, readNdjsonRows } from '../../lib/enrolment/read-rows.ts';
import { openRowPapers } from '../../lib/enrolment/row-papers.ts';
import { ROW_COLUMNS } from '../../lib/enrolment/row-result.ts';
import { createShownRows } from '../../lib/enrolment/shown-rows.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { formatOf, openRecording, RECORDING_FORMATS } from '../../lib/reading/recording/read-recording.ts';
import { refuseBinary } from '../../lib/reading/recording/refuse-binary.ts';
import { createProgress, thousands } from '../../lib/reading/terminal-progress.ts';

export default class DeviceImport extends HubCommand<typeof DeviceImport> {
  static override summary = 'Make or change devices from a file: CSV or NDJSON, of any layout or written by `device export`';
  static override description =
    `The first line of a CSV names its columns. A column that is called as a field is that field (${FIELD_NAMES.join(', ')}); --map takes others, and may take one twice. Groups are parted by spaces. What a row leaves empty stays as it is.

Each chunk is one transaction of the hub: what is wrong with a row takes nothing with it. A gateway stands before the devices behind it.

--results writes a CSV with a row for each row of the file: what became of it, and its new credential. Secrets are made here and written down before the hub hears of them, so that none is lost whenever the import is killed; the file is for you alone (0600). With --resume the import goes on behind the last row of that file.

With --credential certificate the command makes a key for each device and the hub signs: NAME.key (0600) is on the disk before the row is sent, NAME.pem (the certificate, then that of its authority) with the answer. Keys never leave this machine.

With --credential claim a device waits: whoever comes first with a claim and names its id or one of its aliases gets its identity and a credential, and it keeps its type, labels and groups.

Exit code 7 when some rows failed. Without --continue-on-error the first chunk with a bad row is the last.`;
  static override args = { file: Args.string({ description: 'The file; - reads from stdin', required: true }) };
  static override flags = {
    mode: Flags.option({
      summary: 'create refuses devices that exist; upsert changes them',
      options: ['create', 'upsert'] as const,
      default: 'create' as const,
    })(),
    map: Flags.string({ summary: 'Take this column as this field; repeats', helpValue: '<column=field>', multiple: true, multipleNonGreedy: true }),
    others: Flags.option({ summary: 'What other columns are: an error, labels, or nothing', options: OTHER_COLUMNS, default: 'refuse' as const })(),
    empty: Flags.option({ summary: 'What an empty cell does to a device that exists', options: ['keep', 'clear'] as const, default: 'keep' as const })(),
    kind: Flags.option({ summary: 'Kind, where a row says none', options: DEVICE_KINDS })(),
    type: Flags.string({ summary: 'Device type, where a row says none', helpValue: '<type>' }),
    parent: Flags.string({ summary: 'Gateway, where a row says none', helpValue: '<device>' }),
    state: Flags.option({ summary: 'State, where a row says none', options: DEVICE_STATES })(),
    label: Flags.string({ summary: 'A label of every row; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    group: Flags.string({ summary: 'A group of every row; repeats', helpValue: '<group>', multiple: true, multipleNonGreedy: true }),
    'create-groups': Flags.boolean({ summary: 'Make groups that are missing; otherwise a row that names one fails' }),
    credential: Flags.option({ summary: 'What each device that is made gets', options: CREDENTIAL_KINDS, default: 'none' as const })(),
    key: Flags.option({ summary: 'Kind of the keys of certificates', options: KEY_KINDS, default: 'p256' as const })(),
    out: Flags.string({ summary: 'Directory for certificates and keys: NAME.pem, NAME.key', helpValue: '<directory>' }),
    valid: durationFlag({
      summary: 'How long these credentials are valid; unless given, tokens and certificates as the hub says, passwords until they are removed',
    }),
    results: Flags.string({ summary: 'CSV file for what became of each row', helpValue: '<file>' }),
    resume: Flags.boolean({ summary: 'Go on behind the last row of the results', dependsOn: ['results'] }),
    'retry-failed': Flags.boolean({ summary: 'With --resume: try failed rows once more, corrected or not', dependsOn: ['resume'] }),
    'continue-on-error': Flags.boolean({ summary: 'Go on when a row fails' }),
    format: Flags.option({ summary: 'Form of the file; by its name unless given', options: RECORDING_FORMATS })(),
    delimiter: Flags.string({ summary: 'What divides the columns; found by itself among , ; | and tab', helpValue: '<text>' }),
    chunk: Flags.integer({ summary: 'Rows in one transaction', helpValue: '<rows>', min: 1, max: 1000, default: 500 }),
    rate: Flags.integer({ summary: 'Rows per second at most', helpValue: '<rows>', min: 1 }),
    'dry-run': dryRunFlag,
    ...listFlags,
  };
  static override examples = [
    { description: 'What would happen:', command: '<%= config.bin %> device import devices.csv --mode upsert --dry-run' },
    {
      description: 'With a token for each device:',
      command: '<%= config.bin %> device import devices.csv --type boiler --credential token --results results.csv --continue-on-error',
    },
    {
      description: 'Go on after an interruption:',
      command: '<%= config.bin %> device import devices.csv --type boiler --credential token --results results.csv --resume --continue-on-error',
    },
    {
      description: 'The list of the factory, whose devices will claim themselves:',
      command: '<%= config.bin %> device import devices.csv --type boiler --credential claim --valid 180d --continue-on-error',
    },
    {
      description: 'A list with columns of its own:',
      command: '<%= config.bin %> device import list.csv --map "Serial number=id" --map "Serial number=serial" --map City=label.city --others ignore',
    },
    {
      description: 'From one hub into another:',
      command: '<%= config.bin %> device export --format ndjson | <%= config.bin %> device import - --format ndjson --mode upsert --context other',
    },
  ];

  async run(): Promise<void> {
    const { flags } = this;
    const dryRun = flags['dry-run'];
    this.checkColumns(dryRun ? ROW_COLUMNS : SUMMARY_COLUMNS);
    if (flags.credential !== 'none' && flags.credential !== 'claim' && flags.results === undefined && !dryRun)
      throw new MusterError('usage', `--credential ${flags.credential} needs --results: secrets are shown once, and that is where.`, {
        details: { flag: 'results' },
      });
    if ((flags.credential === 'certificate' && !dryRun) !== (flags.out !== undefined) && !dryRun)
      throw new MusterError('usage', '--credential certificate and --out belong together: each device gets two files there.', { details: { flag: 'out' } });
    const { file } = this.args;
    const input = await openRecording(file, this.signal);
    await refuseBinary(input.stream, file, 'device import');
    const format = formatOf(file, flags.format);
    if (format === 'ndjson' && flags.delimiter !== undefined) throw new MusterError('usage', '--delimiter is for CSV.');
    const { header, rows } = format === 'csv' ? await readCsvRows(input.stream, delimiterOf(flags.delimiter)) : await readNdjsonRows(input.stream);
    const columns = planColumns(header, { map: flags.map, others: flags.others });
    const hub = dryRun ? await this.hub() : await this.writable();
    const fields = columns.pairs.map(({ column, field }) => `${column}=${field}`);
    const note: ImportNote = { version: 1, url: hub.url, mode: flags.mode, credential: flags.credential, columns: fields };
    const files = await openImport(flags.results, { resume: flags.resume, retryFailed: flags['retry-failed'], dryRun, note });
    const papers = flags.out === undefined || dryRun ? null : await openRowPapers(flags.out, { mayExist: flags.mode === 'upsert' });
    const tally = createTally();
    const startedAt = Date.now();
    const progress = createProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), now: Date.now });
    const shown = dryRun ? createShownRows(flags.all ? null : flags.limit) : null;
    let whole = false;
    try {
      whole = await importDevices({
        ...files,
        hub,
        rows,
        columns,
        defaults: {
          kind: flags.kind,
          type: flags.type,
          parent: flags.parent,
          state: flags.state,
          labels: pairsOf('label', flags.label),
          groups: flags.group,
        },
        empty: flags.empty,
        mode: flags.mode,
        credential: dryRun ? 'none' : flags.credential,
        key: flags.key,
        papers,
        expiresAt: flags.valid === undefined ? null : startedAt + flags.valid,
        dryRun,
        createGroups: flags['create-groups'],
        continueOnError: flags['continue-on-error'] || dryRun,
        chunk: flags.chunk,
        rate: flags.rate ?? null,
        tally,
        signal: this.signal,
        clock: Date.now,
        say: (text) => {
          progress.clear();
          this.say(text);
        },
        onRows: (done) => {
          progress.update(() => progressText(tally, startedAt));
          shown?.add(done);
        },
      });
      // A row that failed has its answer as well; what is behind it was never sent.
      await files.pendingFile?.remove();
    } catch (error: unknown) {
      progress.clear();
      if (!dryRun) this.say(howFar(tally, flags.results));
      throw error;
    } finally {
      progress.clear();
      await files.results?.close();
    }
    const summary = summaryOf(
      {
        file,
        dryRun,
        columns: Object.fromEntries(columns.pairs.map(({ column, field }) => [column, field])),
        elapsedMs: Date.now() - startedAt,
        results: flags.results ?? null,
      },
      tally,
    );
    if (shown === null) await this.printOne(summary, SUMMARY_COLUMNS);
    else {
      await this.print(shown.rows, ROW_COLUMNS);
      this.say(dryRunText(tally, shown.more));
    }
    this.#conclude(tally, whole);
  }

  #conclude(tally: ImportTally, whole: boolean): void {
    const { results, 'dry-run': dryRun } = this.flags;
    if (!dryRun)
      for (const row of new Set([...tally.firstWarned, ...tally.firstFailed])) this.say(`${row.status === 'failed' ? '' : 'Warning: '}${rowText(row)}`);
    if (tally.failed === 0) return;
    const hint = dryRun
      ? this.flags['continue-on-error']
        ? 'All others would be imported.'
        : 'Correct these rows, or import the others with --continue-on-error.'
      : [
          whole ? '' : 'The rows behind its chunk were not sent: correct it, or go on with --continue-on-error.',
          results === undefined ? 'Give --results FILE for a list.' : `${results} lists them; once corrected: --resume --retry-failed.`,
        ].join(' ');
    throw new MusterError('partly_failed', `${dryRun ? 'Would fail' : 'Failed'}: ${thousands(tally.failed)} of ${thousands(tally.rows)} rows.`, {
      hint: hint.trim(),
      details: { failed: tally.failed, codes: tally.codes },
    });
  }
}

function delimiterOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const delimiter = text === '\\t' || text === 'tab' ? '\t' : text;
  if (delimiter === '' || /["\r\n]/.test(delimiter)) throw new MusterError('usage', 'The delimiter must not be empty, a quote or a line break.');
  return delimiter;
}

function progressText({ rows, resumed, failed }: ImportTally, startedAt: number): string {
  const seconds = Math.max(0.001, (Date.now() - startedAt) / 1000);
  return `${thousands(rows)} rows, ${thousands(failed)} failed, ${thousands(Math.round((rows - resumed) / seconds))} rows/s`;
}

function howFar({ rows }: ImportTally, results: string | undefined): string {
  const done = `${thousands(rows)} rows have their answer.`;
  return results === undefined ? `${done} The same import with --mode upsert completes it.` : `${done} The same import with --resume goes on.`;
}

function dryRunText({ created, updated, unchanged, failed }: ImportTally, more: number): string {
  const counts = `${thousands(created)} would be created, ${thousands(updated)} updated, ${thousands(unchanged)} are as the file says, ${thousands(failed)} would fail.`;
  return more === 0 ? counts : `${counts} ${thousands(more)} more rows are not shown; --all for all of them.`;
}
