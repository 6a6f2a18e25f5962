import { CATALOGUE, type ErrorCode, type ExitCode } from './catalogue.ts';

export interface MusterErrorOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Further facts for machines, such as `{ field: 'labels.site' }`. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** An error that a person can act on: one sentence, a hint and a stable code. */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: MusterErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'MusterError';
    this.code = code;
    this.hint = options.hint ?? CATALOGUE[code].hint;
    this.details = options.details;
  }

  get exitCode(): ExitCode {
    return CATALOGUE[this.code].exit;
  }

  get status(): number {
    return CATALOGUE[this.code].status;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
