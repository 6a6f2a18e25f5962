import { z } from 'zod';
import { isPointPath, POINT_RULE } from '../domain/ids.ts';
import type { JsonObject } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Of a birth or a death, in bytes. */
export const VITALS_BYTES_MAX = 16_384;
const TEXT_MAX = 200;
const HEALTH_POINTS_MAX = 100;

const Text = z.string().max(TEXT_MAX);
const Version = z.union([Text, z.number()]);

/** What a device says of itself when it begins. Each part may be absent; what is not known here is kept as it is. */
const BIRTH = z.looseObject({
  ts: z.number().int().min(0).optional().describe('when it began, ms since 1970, by its own clock; absent: when this arrived'),
  manufacturer: Text.optional(),
  model: Text.optional(),
  serial: Text.optional(),
  hardware: Version.optional().describe('revision of the hardware'),
  firmware: Version.optional().describe('version of the firmware'),
  software: z.record(Text, Version).optional().describe('versions of programs, by name'),
  boot: z.looseObject({ reason: Text.optional(), count: z.number().int().optional() }).optional(),
  config: z.number().int().min(0).nullable().optional().describe('version of the configuration document that is in force'),
  health: z
    .array(z.string().refine(isPointPath, `must be ${POINT_RULE}`))
    .max(HEALTH_POINTS_MAX)
    .optional()
    .describe('its points that tell of its own health, besides those below $health/'),
});

export type Birth = z.infer<typeof BIRTH>;

/**
 * A payload that is no JSON object says that it was born, and what it says besides is kept as text: what devices publish there is their own matter, most of all on other brokers. Throws
 * MusterError `payload_too_large`, or `invalid` for an object in which something known is wrong.
 */
export function readBirth(payload: Uint8Array): Birth & JsonObject {
  if (payload.length > VITALS_BYTES_MAX) throw tooLarge('a birth', payload);
  const text = new TextDecoder('utf-8').decode(payload).trim();
  const content = objectIn(text);
  if (content === null) return text === '' ? {} : { text: text.slice(0, TEXT_MAX) };
  const read = BIRTH.safeParse(content);
  if (read.success) return read.data as Birth & JsonObject;
  const [issue] = read.error.issues;
  const field = (issue?.path ?? []).map(String).join('.');
  throw new MusterError('invalid', `\`${field}\` of the birth is wrong: ${issue?.message ?? 'not what it should be'}`, { details: { field } });
}

/** The `reason` of a JSON object, else the text as it stands; null: it says nothing. Throws MusterError `payload_too_large`. */
export function readDeath(payload: Uint8Array): string | null {
  if (payload.length > VITALS_BYTES_MAX) throw tooLarge('a death', payload);
  const text = new TextDecoder('utf-8').decode(payload).trim();
  if (text === '') return null;
  const reason = reasonIn(text) ?? text;
  return reason === '' ? null : reason.slice(0, TEXT_MAX);
}

function reasonIn(text: string): string | null {
  const content = objectIn(text);
  if (content === null) return null;
  return typeof content.reason === 'string' ? content.reason.trim() : '';
}

function objectIn(text: string): { readonly [name: string]: unknown } | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as { readonly [name: string]: unknown };
  } catch {
    return null;
  }
}

function tooLarge(what: string, payload: Uint8Array): MusterError {
  return new MusterError('payload_too_large', `${what} has ${payload.length} bytes; ${VITALS_BYTES_MAX} are the most`);
}
