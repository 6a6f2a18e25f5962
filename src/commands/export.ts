import { Args, Flags } from '@oclif/core';
import { HubCommand } from '../lib/cli/hub-command.ts';
import type { HubClient } from '../lib/client/hub-client.ts';
import { formatAge } from '../lib/domain/duration.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import {
  definitionOf,
  EXPORT_FORMAT_NAMES,
  EXPORT_LAYOUTS,
  EXPORT_TIME_STYLES,
  formatOfFile,
  refuseTerminal,
  resumeCommand,
} from '../lib/reading/export/export-choice.ts';
import { checkFree, checkSameChoice, completePart, type PartNote, partOf, readNote, removePart, sizeOf, writeNote } from '../lib/reading/export/part-file.ts';
import { type ResumeStart, resumeStart } from '../lib/reading/export/resume-start.ts';
import { createRowCounter, type RowCounter } from '../lib/reading/export/row-counter.ts';
import { saveExport, wholeBody } from '../lib/reading/export/save-export.ts';
import { FROM_TOO, pointFilterFlags, refuseFlags, TO_TOO, timeFlag, timezoneFlag } from '../lib/reading/flags.ts';
import { createProgress, megabytes, thousands } from '../lib/reading/terminal-progress.ts';
import { parseTime } from '../lib/reading/time-expression.ts';

/** Longest silence: a large Parquet file is made whole before its first byte. */
const SILENCE_MS = 15 * 60_000;

/** Not `dependsOn`: of two flags that depend on a third, oclif's usage line shows the second as `[--force ]`. */
const NEEDS_FILE: { type: 'all'; flags: string[] }[] = [{ type: 'all', flags: ['file'] }];

export default class Export extends HubCommand<typeof Export> {
  static override summary = 'Write stored samples to a file, or to stdout';
  static override description =
    'The long layout has a row for each sample, by device, point and time; the wide one a row for each device and time, and a column for each point. A file is written as FILE.part and takes its name when it is whole. An interrupted export is continued by --resume with the options it was begun with.';
  static override args = { device: Args.string({ description: 'Devices, by id or alias; all unless given', multiple: true }) };
  static override flags = {
    ...pointFilterFlags,
    from: timeFlag({ summary: 'Beginning, inclusive; the first sample unless given', ...FROM_TOO }),
    to: timeFlag({ summary: 'End, exclusive; now unless given', ...TO_TOO }),
    format: Flags.option({ summary: 'Form of the file; by its name unless given, csv on stdout', options: EXPORT_FORMAT_NAMES })(),
    file: Flags.string({ summary: 'File to write; stdout unless given', helpValue: '<file>' }),
    layout: Flags.option({ summary: 'A row for each sample (long), or a column for each point (wide)', options: EXPORT_LAYOUTS })(),
    time: Flags.option({ summary: 'Times as ISO 8601, or as ms since 1970 (epoch)', options: EXPORT_TIME_STYLES })(),
    timezone: timezoneFlag({ default: undefined, summary: 'Zone of times that name none, and of ISO times in the file; UTC unless given' }),
    resume: Flags.boolean({ summary: 'Continue an interrupted export to this file', relationships: NEEDS_FILE, exclusive: ['force'] }),
    force: Flags.boolean({ summary: 'Replace the file', relationships: NEEDS_FILE }),
  };
  static override examples = [
    { description: 'Everything, as CSV:', command: '<%= config.bin %> export --file all.csv' },
    {
      description: 'A column for each point of one device, with local times:',
      command: '<%= config.bin %> export gw-1 --layout wide --from -7d --timezone Europe/Berlin --file week.csv',
    },
    { description: 'For pandas or DuckDB:', command: '<%= config.bin %> export --from 2026-11-01 --to 2026-12-01 --file november.parquet' },
    { description: 'Through a pipe:', command: '<%= config.bin %> export gw-1 --format ndjson | head -1' },
    { description: 'Go on after an interruption:', command: '<%= config.bin %> export --file all.csv --resume' },
  ];

  async run(): Promise<void> {
    refuseFlags('export', this.flags, ['sort', 'columns']);
    const hub = await this.hub();
    const { file } = this.flags;
    if (file === undefined) return this.#toStdout(hub);
    if (file === '') throw new MusterError('usage', 'The name of the file is empty.', { hint: 'Give --file FILE, or leave --file out for stdout.' });
    if (this.flags.resume) return this.#resume(hub, file);
    if (!this.flags.force) await checkFree(file);
    await this.#begin(hub, file);
  }

  /** What the user says now; undefined where nothing is said. */
  #given() {
    const { format, layout, time, timezone, point, label, group, selector, from, to } = this.flags;
    return { format, layout, time, timezone, point, label, group, selector, from, to, device: this.args.device };
  }

  #note(hub: HubClient, format: string): PartNote {
    const {
      layout = 'long',
      time = 'iso',
      timezone = 'UTC',
      point = null,
      label = null,
      group = null,
      selector = null,
      from = null,
      to = null,
      device = null,
    } = this.#given();
    const context = { now: Date.now(), timezone };
    const start = from === null ? null : parseTime(from, context);
    const end = to === null ? context.now + 1 : parseTime(to, context);
    if (start !== null && start >= end) throw new MusterError('usage', 'The range is empty: --from is not before --to.');
    return { version: 1, url: hub.url, choice: { format, layout, time, timezone, device, point, label, group, selector, from, to }, from: start, to: end };
  }

  async #toStdout(hub: HubClient): Promise<void> {
    refuseFlags('export', this.flags, ['output', 'json']);
    const format = this.flags.format ?? 'csv';
    refuseTerminal(format);
    const body = await this.#open(hub, this.#note(hub, format), null);
    for await (const chunk of wholeBody(body, this.signal)) await this.write(chunk);
  }

  async #begin(hub: HubClient, file: string): Promise<void> {
    await this.#save(hub, file, this.#note(hub, this.flags.format ?? formatOfFile(file)), { offset: 0, after: null, columns: null });
  }

  async #resume(hub: HubClient, file: string): Promise<void> {
    const note = await readNote(file);
    if (note === null) {
      if ((await sizeOf(file)) !== null)
        throw new MusterError('conflict', `${file} is whole: there is nothing to continue.`, { hint: 'Give --force without --resume to write it again.' });
      this.say(`${partOf(file)} does not exist: the export begins anew.`);
      return this.#begin(hub, file);
    }
    checkSameChoice(note, this.#given(), hub.url);
    const start = await resumeStart(file, note);
    this.say(
      start.after === null ? 'No whole row was written before: the export begins anew.' : `Going on after ${megabytes(start.offset)}, the last whole row.`,
    );
    await this.#save(hub, file, note, start);
  }

  async #open(hub: HubClient, { choice, from, to }: PartNote, start: ResumeStart | null) {
    const { format, layout, time, timezone, device, label, group, selector } = choice;
    const point = start?.columns ?? choice.point;
    const after = start?.after === null || start?.after === undefined ? undefined : JSON.stringify(start.after);
    const query = { format, layout, time, timezone, device, point, label, group, selector, from, to, after };
    const { timeout } = this.flags;
    const { body } = await hub.stream('GET', '/export', { query, headers: { accept: '*/*' }, timeoutMs: timeout ?? SILENCE_MS });
    return body;
  }

  async #save(hub: HubClient, file: string, note: PartNote, start: ResumeStart): Promise<void> {
    const { format } = note.choice;
    const body = await this.#open(hub, note, start);
    await writeNote(file, note);
    const counter = createRowCounter(format, start.after === null);
    const progress = createProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), now: Date.now });
    const startedAt = Date.now();
    let bytes = 0;
    try {
      await saveExport({
        body,
        path: partOf(file),
        offset: start.offset,
        signal: this.signal,
        onChunk: (chunk) => {
          bytes += chunk.length;
          counter.count(chunk);
          progress.update(() => rate(counter, bytes, startedAt));
        },
      });
    } catch (error: unknown) {
      progress.clear();
      await this.#explainPart(file, format);
      throw error;
    }
    progress.clear();
    await completePart(file);
    const seconds = (Date.now() - startedAt) / 1000;
    if (this.flags.output === undefined && !this.flags.json)
      return this.say(`${rate(counter, bytes, startedAt)}, ${formatAge(Date.now() - startedAt)}: ${file}`);
    const summary = { file, format, rows: counter.rows(), bytes: start.offset + bytes, resumed: start.after !== null, seconds };
    await this.printOne(summary, [
      { name: 'file', value: (row) => row.file },
      { name: 'format', value: (row) => row.format },
      { name: 'rows', value: (row) => row.rows },
      { name: 'bytes', value: (row) => row.bytes },
      { name: 'resumed', value: (row) => row.resumed },
      { name: 'seconds', value: (row) => row.seconds },
    ]);
  }

  /** What is left of an export that did not come to its end, and how to go on. */
  async #explainPart(file: string, format: string): Promise<void> {
    const size = await sizeOf(partOf(file)).catch(() => null);
    if (size === null || size === 0 || !definitionOf(format).resumable) {
      await removePart(file);
      this.say(`Nothing is kept of ${file}.`);
    } else this.say(`${partOf(file)} holds the first ${megabytes(size)}. Go on with: ${resumeCommand(file)}`);
  }
}

function rate(counter: RowCounter, bytes: number, startedAt: number): string {
  const seconds = Math.max(0.001, (Date.now() - startedAt) / 1000);
  const rows = counter.rows();
  return `${rows === null ? '' : `${thousands(rows)} rows, `}${megabytes(bytes)}, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
}
