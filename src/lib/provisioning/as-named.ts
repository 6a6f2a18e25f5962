import type { Principal } from '../access/principal.ts';
import type { Device } from '../domain/device.ts';
import { isName } from '../domain/ids.ts';
import type { ClaimRequest } from '../domain/provisioning.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Is it the device that a certificate names? */
export function isNamed(device: Device, { meaning, value }: NonNullable<Extract<Principal, { kind: 'claim' }>['named']>): boolean {
  return (meaning === 'id' ? device.id : device.aliases[meaning]) === value;
}

const ALIAS_CHARACTERS_MAX = 100;

/**
 * The request of a device whose certificate says who it is: it need not say so itself, and it may not say anything else. Throws not_allowed.
 */
export function asNamed({ named }: Extract<Principal, { kind: 'claim' }>, request: ClaimRequest): ClaimRequest {
  if (named === undefined) return request;
  const { meaning, value } = named;
  const said = meaning === 'id' ? request.id : request.aliases[meaning];
  if (said !== undefined && said !== value)
    throw new MusterError('not_allowed', `the certificate is one of the ${meaning} ${JSON.stringify(value.slice(0, 130))}, and the device asks for another`);
  // What nobody could type as a name is none, whoever signed it.
  if (meaning === 'id' ? !isName(value) : value.length > ALIAS_CHARACTERS_MAX || /\p{Cc}/u.test(value))
    throw new MusterError('not_allowed', `the certificate names the ${meaning} ${JSON.stringify(value.slice(0, 130))}, which no device can have`);
  return meaning === 'id' ? { ...request, id: value } : { ...request, aliases: { ...request.aliases, [meaning]: value } };
}
