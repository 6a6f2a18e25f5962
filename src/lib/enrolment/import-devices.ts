import type { BatchDevice, BatchMode, BatchResult, DeviceBatchAnswer } from '../api/schema/device-batch.ts';
import { pause } from '../cli/pause.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { KeyKind } from '../domain/certificate.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type ChunkRow, chunksOf } from './chunk-rows.ts';
import { createFileChecks, type FileChecks } from './file-checks.ts';
import { countFormer, countRow, type ImportTally } from './import-tally.ts';
import type { CredentialKind, MadeCredential } from './make-credential.ts';
import type { PendingFile, PendingRow } from './pending-file.ts';
import { type ReadDevice, type ReadOptions, readDevice } from './read-device.ts';
import type { FileRow } from './read-rows.ts';
import type { FormerResult, FormerResults, ResultsFile } from './results-file.ts';
import type { RowPapers } from './row-papers.ts';
import { failedRow, type RowResult } from './row-result.ts';
import { createChunkSender } from './send-batch.ts';

export interface ImportOptions extends ReadOptions {
  readonly hub: Pick<HubClient, 'deviceBatches'>;
  readonly rows: AsyncIterable<FileRow>;
  readonly mode: BatchMode;
  readonly credential: CredentialKind;
  readonly expiresAt: number | null;
  readonly key: KeyKind;
  /** Where certificates and their keys are written. */
  readonly papers: RowPapers | null;
  readonly dryRun: boolean;
  readonly createGroups: boolean;
  readonly continueOnError: boolean;
  readonly chunk: number;
  /** Devices per second at most; null: as fast as the hub takes them. */
  readonly rate: number | null;
  readonly results: ResultsFile | null;
  /** Only beside results. */
  readonly pendingFile: PendingFile | null;
  /** What an import before this one has done. */
  readonly former: FormerResults | null;
  readonly pending: ReadonlyMap<number, PendingRow>;
  readonly tally: ImportTally;
  readonly signal: AbortSignal;
  readonly clock: () => number;
  say(text: string): void;
  /** After each chunk, with its rows. */
  onRows(rows: readonly RowResult[]): void | Promise<void>;
}

/** Half of what a hub takes by default. */
const CHUNK_BYTES_MAX = 512 * 1024;

/** true: to the end. false: a row failed, and that ends the import. */
export async function importDevices(options: ImportOptions): Promise<boolean> {
  const { tally, signal, dryRun, rate, clock } = options;
  const checks = createFileChecks(dryRun);
  const send = createChunkSender(options);
  const chunks = chunksOf(devicesOf(options, checks), { ...options, rowsMax: options.chunk, bytesMax: CHUNK_BYTES_MAX });
  const iterator = chunks[Symbol.asyncIterator]();
  const startedAt = clock();
  let sent = 0;
  let upcoming = iterator.next();
  try {
    for (;;) {
      const { done, value: chunk } = await upcoming;
      if (done === true) return true;
      // The next is read while this one is on its way; what goes wrong with it comes out in the next round.
      upcoming = iterator.next();
      upcoming.catch(() => undefined);
      const rows = await sendChunk(chunk, options, checks, send);
      await options.results?.add(rows);
      for (const row of rows) countRow(tally, row);
      await options.onRows(rows);
      if (!options.continueOnError && rows.some(({ status }) => status === 'failed')) return false;
      sent += chunk.length;
      if (rate !== null) await pause((sent / rate) * 1000 - (clock() - startedAt), signal);
      if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.');
    }
  } finally {
    await iterator.return(undefined);
  }
}

/** Rows as devices, without those that were done before. */
async function* devicesOf(options: ImportOptions, checks: FileChecks): AsyncGenerator<ReadDevice> {
  const former = options.former?.rows ?? new Map<number, FormerResult>();
  let found = 0;
  for await (const row of options.rows) {
    const read = checks.checked(readDevice(row, options));
    const before = former.get(read.line);
    if (before === undefined) {
      yield read;
      continue;
    }
    found += 1;
    if (read.id !== null && before.id !== read.id)
      throw anotherFile(`Line ${read.line} of the file is ${read.id}, and of the results ${before.id ?? 'malformed'}.`);
    countFormer(options.tally, before);
  }
  if (found < former.size) throw anotherFile('The results have rows that the file has not.');
}

function anotherFile(message: string): MusterError {
  return new MusterError('conflict', message, { hint: 'Go on with the file that the import was begun with, or give another --results.' });
}

async function sendChunk(
  chunk: readonly ChunkRow[],
  options: ImportOptions,
  checks: FileChecks,
  send: ReturnType<typeof createChunkSender<DeviceBatchAnswer>>,
): Promise<readonly RowResult[]> {
  const { hub, mode, dryRun, createGroups, pendingFile, papers } = options;
  const taken = (await papers?.taken(chunk)) ?? new Map<ChunkRow, string>();
  const good = chunk.filter((row) => row.device !== null && !taken.has(row));
  const answers = new Map<ChunkRow, BatchResult>();
  if (good.length > 0) {
    await pendingFile?.write(good.map(({ read, credential }) => ({ line: read.line, id: read.id ?? '', credential })));
    await papers?.writeKeys(good);
    const devices = good.map(({ device }) => (dryRun ? checks.forDryRun(device as BatchDevice) : (device as BatchDevice)));
    const { results } = await inParts(devices, (part) =>
      send(
        (again) => hub.deviceBatches.provision({ mode, check: dryRun, again, createGroups, devices: part }),
        good.some((row) => row.mayBeThere),
      ),
    );
    if (results.length !== good.length)
      throw new MusterError('unreachable', 'The hub answered with another number of results than it was sent devices.', {
        hint: 'Check the version of the hub.',
      });
    for (const [index, row] of good.entries()) answers.set(row, results[index] as BatchResult);
    await papers?.writeCertificates(answers);
  }
  return chunk.map((row) => {
    const answer = answers.get(row);
    const result = answer === undefined ? notSent(row, taken.get(row)) : resultOf(row, answer, papers);
    checks.answered(row.device, result.status);
    return result;
  });
}

/** What is too large for the hub, though a chunk is small, goes in halves: its types have many points. */
async function inParts(
  devices: readonly BatchDevice[],
  send: (part: readonly BatchDevice[]) => Promise<DeviceBatchAnswer>,
): Promise<Pick<DeviceBatchAnswer, 'results'>> {
  try {
    return await send(devices);
  } catch (error: unknown) {
    if (!(error instanceof MusterError) || error.code !== 'payload_too_large' || devices.length === 1) throw error;
    const half = Math.ceil(devices.length / 2);
    const first = await inParts(devices.slice(0, half), send);
    const second = await inParts(devices.slice(half), send);
    return { results: [...first.results, ...second.results] };
  }
}

function notSent({ read }: ChunkRow, taken: string | undefined): RowResult {
  if (taken !== undefined) return failedRow(read.line, read.id, 'conflict', taken);
  return failedRow(read.line, read.id, 'invalid', read.problem ?? 'the row cannot be read');
}

function resultOf({ read, credential }: ChunkRow, answer: BatchResult, papers: RowPapers | null): RowResult {
  const { id, status, code, reason, warnings, difference } = answer;
  const given = answer.credential !== null && credential !== null;
  return {
    line: read.line,
    id: id ?? read.id,
    status,
    code,
    reason,
    warnings,
    difference,
    credential: given ? givenTo(read.id ?? '', credential, answer.credential?.id ?? '', papers) : null,
    expiresAt: answer.credential?.expiresAt ?? null,
  };
}

function givenTo(username: string, { kind, id, secret }: MadeCredential, fingerprint: string, papers: RowPapers | null): RowResult['credential'] {
  // The key stands in its file alone.
  if (kind === 'certificate') return { kind, id: fingerprint, username, secret: null, papers: papers?.of(username) ?? null };
  if (kind === 'claim') return { kind, id: fingerprint, username, secret: null, papers: null };
  return { kind, id, username, secret, papers: null };
}
