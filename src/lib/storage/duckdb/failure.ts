import { MusterError, messageOf } from '../../errors/muster-error.ts';
import type { Failure } from './messages.ts';

/** Anything that went wrong in the engine, as an error that names its file. */
export function storageError(error: unknown, file: string): MusterError {
  if (error instanceof MusterError) return error;
  const message = messageOf(error).split('\n')[0] ?? '';
  if (/lock on file|already (open|attached)/i.test(message))
    return new MusterError('hub_running', `The sample store ${file} is in use by another process`, { cause: error });
  if (/^Out of Range Error/i.test(message))
    return new MusterError('invalid', 'The result is beyond the range of a number', {
      cause: error,
      hint: 'Choose another aggregate, or a range without extreme values.',
    });
  if (/^Out of Memory Error/i.test(message) && !/disk|temp_directory|temporary/i.test(message))
    return new MusterError('overloaded', 'The query needs more memory than the sample store may take', {
      cause: error,
      hint: 'Ask for a shorter time range or fewer points, or raise storage.memory-bytes.',
    });
  // After some failures the engine refuses everything until the file is opened anew, which checks and replays its log.
  const hint = /invalidated/i.test(message) ? 'Restart the hub: the engine has closed the file after a failure.' : undefined;
  return new MusterError('storage_failed', `The sample store ${file} failed: ${message}`, { cause: error, hint });
}

export function failureOf(error: MusterError): Failure {
  return { code: error.code, message: error.message, hint: error.hint, details: error.details };
}

export function errorOf(failure: Failure): MusterError {
  return new MusterError(failure.code, failure.message, { hint: failure.hint, details: failure.details });
}
