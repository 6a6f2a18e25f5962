import { MusterError } from '../errors/muster-error.ts';
import { CommitError, type CommitLog, type CommitReceipt, type Statement } from '../storage/commit-log.ts';

/** What a refusal of the database means to the one who asked. */
export interface Explanations {
  readonly unique?: (constraint: string | null) => MusterError;
  readonly reference?: () => MusterError;
  readonly stale?: () => MusterError;
}

/** Commits a change of system data; resolves when it is durable. */
export async function commitOrExplain(log: CommitLog, statements: readonly Statement[], explain: Explanations): Promise<CommitReceipt> {
  try {
    return await log.commit({ statements });
  } catch (error: unknown) {
    if (!(error instanceof CommitError)) throw error;
    if (error.reason === 'unique' && explain.unique) throw explain.unique(error.constraint);
    if (error.reason === 'reference' && explain.reference) throw explain.reference();
    if (error.reason === 'stale' && explain.stale) throw explain.stale();
    // The words of the database are for the log.
    if (error.reason === 'overloaded' || error.reason === 'storage')
      throw new MusterError(error.reason === 'storage' ? 'storage_failed' : 'overloaded', error.message, { cause: error });
    throw new MusterError('conflict', 'something that it refers to changed in the meantime', { cause: error });
  }
}
