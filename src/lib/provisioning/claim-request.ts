import { z } from 'zod';
import { ALIAS_KINDS } from '../domain/device.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { ClaimRequest } from '../domain/provisioning.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Of a whole request: a device says who it is, and no more. */
const CLAIM_REQUEST_BYTES_MAX = 16_384;

const Name = z.string().refine(isName, `must be ${NAME_RULE}`);

/** As it comes over HTTP and MQTT; see ClaimRequest. */
export const CLAIM_REQUEST = z.object({
  id: Name.optional().describe('absent: made of the first alias, as imei-490154203237518'),
  name: z.string().min(1).max(200).optional(),
  kind: z.enum(['gateway', 'device']).optional(),
  type: Name.optional().describe('the type it takes itself for; the claim and the provisioning rules have the last word'),
  aliases: z.partialRecord(z.enum(ALIAS_KINDS), z.string().min(1).max(100)).default({}),
  labels: z
    .record(Name, z.string().max(200))
    .refine((labels) => Object.keys(labels).length <= 64, 'at most 64 labels')
    .default({})
    .describe('for provisioning rules to look at; a device does not label itself'),
  attributes: z.record(z.string().max(100), z.json()).default({}).describe('anything that provisioning rules may look at: model, firmware, place'),
  proof: z
    .string()
    .min(16)
    .max(200)
    .optional()
    .describe('random, made and kept by the device before it asks: with it, it may ask again until it has used its credential, and gets the same identity'),
  csr: z
    .string()
    .min(1)
    .max(CLAIM_REQUEST_BYTES_MAX)
    .optional()
    .describe(
      'a certificate signing request (PKCS #10) in PEM: the device gets a certificate of the project, for the key that it made, in the place of a token',
    ),
  request: z.string().max(100).optional().describe('comes back in an answer over MQTT'),
});

/** The payload of `claim/request`. Throws invalid, payload_too_large. */
export function readClaimRequest(payload: Uint8Array): ClaimRequest & { readonly request?: string | undefined } {
  if (payload.length > CLAIM_REQUEST_BYTES_MAX) throw new MusterError('payload_too_large', `a claim request has ${CLAIM_REQUEST_BYTES_MAX} bytes at most`);
  let value: unknown;
  try {
    value = parseJsonText(payload);
  } catch (error: unknown) {
    throw new MusterError('invalid', 'the request is not JSON', { cause: error });
  }
  const parsed = CLAIM_REQUEST.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new MusterError('invalid', `${where}${issue?.message ?? 'the request is malformed'}`);
}

/** The id that a device gets: its own word, or made of its first alias. Throws invalid. */
export function idOf({ id, aliases }: Pick<ClaimRequest, 'id' | 'aliases'>): string {
  if (id !== undefined) return id;
  for (const kind of ALIAS_KINDS) {
    const value = aliases[kind];
    if (value === undefined) continue;
    const made = `${kind}-${value}`;
    if (isName(made)) return made;
    throw new MusterError('invalid', `no id can be made of the ${kind} ${JSON.stringify(value)}`, { hint: `An id is ${NAME_RULE}.` });
  }
  throw new MusterError('invalid', 'the device has neither an id nor an alias');
}
