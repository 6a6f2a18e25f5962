import { MusterError } from '../errors/muster-error.ts';
import { CommitError, type CommitLog, type Statement } from '../storage/commit-log.ts';

/** Commits; what stands against it becomes the error that `refused` gives, and a failing disk or full queue theirs. */
export async function commitCertificates(
  log: CommitLog,
  statements: readonly Statement[],
  refused: (error: CommitError) => MusterError | null = () => null,
): Promise<void> {
  try {
    await log.commit({ statements });
  } catch (error: unknown) {
    if (!(error instanceof CommitError)) throw error;
    throw refused(error) ?? new MusterError(error.reason === 'overloaded' ? 'overloaded' : 'storage_failed', error.message, { cause: error });
  }
}
