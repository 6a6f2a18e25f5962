import type { Duplex } from 'node:stream';
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';
import { issueText } from './issue-text.ts';
import type { Problem } from './schema/common.ts';

/** What the HTTP layer refuses by itself, in the words of the catalogue. */
const HTTP_LAYER: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'the body is larger than limits.payload-bytes-max'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'the content type of the body is not taken here'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid', 'the body has not the announced length'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid', 'the body is not JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid', 'the body is empty'],
  FST_ERR_BAD_URL: ['invalid', 'the path is not a valid URL'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'a name in the path is longer than any name can be'],
  HPE_HEADER_OVERFLOW: ['payload_too_large', 'the headers are larger than the hub takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['invalid', 'the request did not arrive in time'],
};

/** Whatever a route threw, as an error of the catalogue. What is nobody's fault outside stays `internal` and keeps its cause for the log. */
export function asMusterError(error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  if (error instanceof Error && error.name === 'AbortError') return goneAway(error);
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : HTTP_LAYER[code];
  if (known) return new MusterError(known[0], known[1], { cause: error });
  if (error instanceof SyntaxError) return new MusterError('invalid', 'the body is not JSON', { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new MusterError('invalid', (error as Error).message, { cause: error });
  return new MusterError('internal', 'something went wrong inside the hub', { cause: error });
}

export function goneAway(cause?: unknown): MusterError {
  return new MusterError('interrupted', 'the client went away', { cause });
}

export function problemOf(error: MusterError): Problem {
  return {
    type: 'about:blank',
    title: error.code.replaceAll('_', ' '),
    status: error.status,
    // What the storage engines say holds paths and SQL: it stands in the log, for whoever runs the hub.
    detail: error.code === 'storage_failed' ? CATALOGUE.storage_failed.meaning : error.message,
    code: error.code,
    hint: error.hint,
    ...(error.details !== undefined && { details: { ...error.details } }),
  };
}

/** Answers on a connection that is, or is no more, one of HTTP's own, and closes it whatever the other side does. */
export function refuseConnection(socket: Duplex, error: MusterError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problemOf(error));
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** What the HTTP parser could not make a request of. */
export function refuseMalformed(socket: Duplex, error: Error & { readonly code?: string }): void {
  const known = HTTP_LAYER[error.code ?? ''];
  if (error.code === 'ECONNRESET') socket.destroy();
  else refuseConnection(socket, new MusterError(known?.[0] ?? 'invalid', known?.[1] ?? 'this is no HTTP request', { cause: error }));
}

/** A wrong body may have a mistake in each of its thousands of parts. */
const PROBLEMS_LISTED = 20;

function invalidRequest(error: {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}): MusterError {
  const problems = error.validation.slice(0, PROBLEMS_LISTED).map(({ instancePath, message }) => ({
    field: instancePath.replace(/^\//, '').replaceAll('/', '.'),
    problem: message === undefined ? 'is wrong' : issueText(message),
  }));
  const first = problems[0];
  const more = error.validation.length > 1 ? ` (and ${error.validation.length - 1} more)` : '';
  const where = first?.field ? `${first.field}: ` : '';
  return new MusterError('invalid', `${where}${first?.problem ?? 'the request is malformed'}${more}`, {
    details: { in: error.validationContext ?? 'request', problems },
  });
}
