import { type ErrorCode, isErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

const TIMED_OUT = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is unknown',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network to it',
};

/** What a connection died of, as an error that helps. */
export function connectionError(url: string, error: unknown): MusterError {
  if (error instanceof MusterError) return error;
  const code = codeOf(error);
  if (TIMED_OUT.has(code)) return new MusterError('timed_out', `The hub at ${url} did not answer in time.`, { cause: error, details: { url } });
  const details = { url, reason: code || messageOf(error) };
  if (speaksNoTls(error)) {
    return new MusterError('unreachable', `What listens at ${url} speaks no TLS.`, {
      cause: error,
      details,
      hint: 'Write the URL with http in place of https, or give the hub a certificate (tls.cert, tls.key).',
    });
  }
  if (isTlsFailure(code, messageOf(error))) {
    return new MusterError('unreachable', `The TLS connection to ${url} failed: ${tlsReason(error)}.`, {
      cause: error,
      details,
      hint: 'For a certificate of your own, give its CA as a PEM file: `muster context add --ca FILE`, or NODE_EXTRA_CA_CERTS=FILE. Check http and https in the URL.',
    });
  }
  if (code.startsWith('HPE_')) {
    return new MusterError('unreachable', `What listens at ${url} does not speak HTTP.`, {
      cause: error,
      details,
      hint: 'Use the HTTP port of the hub, not its MQTT port; check http and https in the URL.',
    });
  }
  // A server that expects TLS cuts what speaks plain HTTP.
  const hint =
    code === 'ECONNRESET' && url.startsWith('http:')
      ? 'Try https in the URL: a hub with a certificate cuts plain HTTP. Else look whether the hub runs.'
      : undefined;
  return new MusterError('unreachable', `The hub at ${url} does not answer: ${REASONS[code] ?? messageOf(error)}.`, { cause: error, details, hint });
}

/** Plain text came where the TLS handshake was expected. */
export function speaksNoTls(error: unknown): boolean {
  return /^(EPROTO$|ERR_SSL_)/.test(codeOf(error)) && /wrong.version.number|packet.length.too.long|http.request/i.test(`${codeOf(error)} ${messageOf(error)}`);
}

/** Why TLS failed, in words: of OpenSSL's `80…:error:0A…:SSL routines:function:reason:file:line:` the reason. */
export function tlsReason(error: unknown): string {
  const message = messageOf(error);
  return /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1] ?? message.trim();
}

export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Happy eyeballs: one failure for each address.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return '';
}

function isTlsFailure(code: string, message: string): boolean {
  return code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code === 'EPROTO' || /CERT|certificate/i.test(`${code} ${message}`);
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  401: 'not_logged_in',
  403: 'not_allowed',
  404: 'not_found',
  409: 'conflict',
  413: 'payload_too_large',
  // A name or filter that makes the address longer than a server takes.
  414: 'invalid',
  431: 'invalid',
  415: 'unsupported_media_type',
  422: 'rejected',
  429: 'limit_reached',
  500: 'internal',
};

/** The error that an answer of 400 and above stands for (RFC 9457). */
export function answerError(url: string, status: number, contentType: string, body: string): MusterError {
  const problem = contentType.includes('json') ? parseObject(body) : undefined;
  const code = problem?.code;
  if (problem && typeof code === 'string') {
    return new MusterError(
      isErrorCode(code) ? code : (BY_STATUS[status] ?? 'internal'),
      text(problem.detail) ?? text(problem.title) ?? (status === 414 || status === 431 ? 'An argument is too long.' : `The hub answered ${status}.`),
      {
        hint: text(problem.hint),
        details: typeof problem.details === 'object' && problem.details !== null ? (problem.details as Record<string, unknown>) : undefined,
      },
    );
  }
  if (status === 502 || status === 503 || status === 504) {
    return new MusterError('unreachable', `A proxy at ${url} answered ${status}: the hub behind it does not answer.`, { details: { url, status } });
  }
  return notMuster(url, status, contentType);
}

/** Something answers, but it is no hub. */
export function notMuster(url: string, status: number, contentType: string): MusterError {
  return new MusterError('unreachable', `What answers at ${url} is not a Muster hub (status ${status}, ${contentType || 'no content type'}).`, {
    hint: 'Check the URL: host, port and path.',
    details: { url, status, contentType },
  });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
