import { z } from 'zod';
import type { DeliveryConfig } from '../channel.ts';
import { Certificates, DELIVERY_CONFIG, Line, TimeoutMs } from '../delivery-config.ts';

export interface WebhookConfig extends DeliveryConfig {
  readonly url?: string | undefined;
  readonly secretUrl?: string | undefined;
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secretHeaders: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly ca?: string | undefined;
}

export const SECRET_PREFIX = 'whsec_';
const HEADERS_MAX = 20;
/** What the sender or HTTP itself decides. */
const OWN_HEADERS =
  /^(?:host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|date|proxy-.*|idempotency-key|webhook-.*|user-agent)$/i;

const Url = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
  .max(2_000)
  .refine((text) => !/^[a-z]+:\/\/[^/?#]*@/i.test(text), 'must not hold a user or password: put an Authorization header into secretHeaders');
const Headers = z
  .record(
    z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'must be the name of a header')
      .refine((name) => !OWN_HEADERS.test(name), 'must be another header: the sender sets this one itself'),
    // What a header may hold (RFC 9110): visible Latin-1, blanks and tabs.
    z
      .string()
      .max(4_000)
      .regex(/^[\t\x20-\x7e\xa0-\xff]*$/, 'must be a line of printable Latin-1'),
  )
  .refine((headers) => Object.keys(headers).length <= HEADERS_MAX, `at most ${HEADERS_MAX} headers`)
  .default({});

export const WebhookSchema: z.ZodType<WebhookConfig> = z
  .strictObject({
    url: Url.optional().describe('where to POST to'),
    secretUrl: Url.optional().describe('the same for a URL that is a secret itself, as those of chat rooms are: it is never shown'),
    secret: Line(1_000)
      .refine((text) => secretBytes(text).length >= 16, `must be ${SECRET_PREFIX} and base64 of at least 16 bytes, or any text of at least 16 bytes`)
      .describe('what the signature is made with; without it one is made and shown once'),
    headers: Headers.describe('further headers'),
    secretHeaders: Headers.describe('further headers that are never shown, such as Authorization'),
    timeoutMs: TimeoutMs,
    ca: Certificates.optional(),
    ...DELIVERY_CONFIG,
  })
  .refine(({ url, secretUrl }) => (url === undefined) !== (secretUrl === undefined), { error: 'must be given, or secretUrl: one of the two', path: ['url'] });

/** The key of the signature: what stands behind `whsec_` as base64, or the text itself. */
export function secretBytes(secret: string): Buffer {
  return secret.startsWith(SECRET_PREFIX) ? Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64') : Buffer.from(secret, 'utf8');
}
