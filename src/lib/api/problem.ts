import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Problem } from './schema/common.ts';

/** What the HTTP layer refuses by itself, in the words of the catalogue. */
const HTTP_LAYER: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'the body is larger than limits.payload-bytes-max'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'the content type of the body is not taken here'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid', 'the body has not the announced length'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid', 'the body is not JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid', 'the body is empty'],
};

/** Whatever a route threw, as an error of the catalogue. What is nobody's fault outside stays `internal` and keeps its cause for the log. */
export function asMusterError(error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : HTTP_LAYER[code];
  if (known) return new MusterError(known[0], known[1], { cause: error });
  if (error instanceof SyntaxError) return new MusterError('invalid', 'the body is not JSON', { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new MusterError('invalid', (error as Error).message, { cause: error });
  return new MusterError('internal', 'something went wrong inside the hub', { cause: error });
}

export function problemOf(error: MusterError): Problem {
  return {
    type: 'about:blank',
    title: error.code.replaceAll('_', ' '),
    status: error.status,
    detail: error.message,
    code: error.code,
    hint: error.hint,
    ...(error.details !== undefined && { details: { ...error.details } }),
  };
}

function invalidRequest(error: {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}): MusterError {
  const problems = error.validation.map(({ instancePath, message }) => ({
    field: instancePath.replace(/^\//, '').replaceAll('/', '.'),
    problem: message ?? 'is wrong',
  }));
  const first = problems[0];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const where = first?.field ? `${first.field}: ` : '';
  return new MusterError('invalid', `${where}${first?.problem ?? 'the request is malformed'}${more}`, {
    details: { in: error.validationContext ?? 'request', problems },
  });
}
