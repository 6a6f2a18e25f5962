import { MusterError } from '../errors/muster-error.ts';
import { checkSameImport, createPendingFile, type ImportNote, type PendingFile, type PendingRow, readPendingFile } from './pending-file.ts';
import { type FormerResults, forgetFailed, openResultsFile, type ResultsFile, readResultsFile } from './results-file.ts';

/** Where an import writes what becomes of its rows, and what one before it left there. */
export interface ImportFiles {
  readonly results: ResultsFile | null;
  readonly pendingFile: PendingFile | null;
  readonly former: FormerResults | null;
  readonly pending: ReadonlyMap<number, PendingRow>;
}

const NOTHING: ImportFiles = { results: null, pendingFile: null, former: null, pending: new Map() };

/** Throws conflict when the file is there and is not to be continued, or was begun otherwise. `resume` with nothing to go on begins anew. */
export async function openImport(
  path: string | undefined,
  options: { readonly resume: boolean; readonly retryFailed: boolean; readonly dryRun: boolean; readonly note: ImportNote },
): Promise<ImportFiles> {
  const { resume, retryFailed, dryRun, note } = options;
  if (path === undefined) return NOTHING;
  if (path === '') throw new MusterError('usage', 'The name of the results file is empty.');
  const pendingFileOf = (rows: ReadonlyMap<number, PendingRow>) => (dryRun ? null : createPendingFile(path, note, rows));
  let former = resume ? await readResultsFile(path) : null;
  if (former === null) return { ...NOTHING, results: await openResultsFile(path, null), pendingFile: pendingFileOf(new Map()) };
  const before = await readPendingFile(path);
  if (before !== null) checkSameImport(before.note, note);
  if (retryFailed) {
    await forgetFailed(path);
    former = (await readResultsFile(path)) ?? former;
  }
  const pending = before?.rows ?? new Map<number, PendingRow>();
  return { results: await openResultsFile(path, former.bytes), pendingFile: pendingFileOf(pending), former, pending };
}
