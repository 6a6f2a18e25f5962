import { MusterError } from '../errors/muster-error.ts';
import { type FormerResults, forgetFailed, openResultsFile, type ResultsFile, readResultsFile } from './results-file.ts';

/** Where the issue of certificates to many devices writes what becomes of each. `resume` with nothing to go on begins anew. Throws conflict, usage. */
export async function openIssued(
  path: string | undefined,
  { resume, retryFailed }: { readonly resume: boolean; readonly retryFailed: boolean },
): Promise<{ readonly results: ResultsFile | null; readonly former: FormerResults | null }> {
  if (path === undefined) return { results: null, former: null };
  if (path === '') throw new MusterError('usage', 'The name of the results file is empty.');
  const found = resume ? await readResultsFile(path) : null;
  if (found === null) return { results: await openResultsFile(path, null), former: null };
  if (retryFailed) await forgetFailed(path);
  const former = retryFailed ? ((await readResultsFile(path)) ?? found) : found;
  return { results: await openResultsFile(path, former.bytes), former };
}
