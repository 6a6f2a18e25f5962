import { createHash, type KeyObject } from 'node:crypto';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { RequestedKey } from './issue.ts';
import { publicKeyDer, readPublicKey } from './keys.ts';
import { readRequest } from './read-request.ts';

/**
 * A serial made of the key that it is for: who asks again with the same key, since the answer was lost, is known by it. 126 bits that nobody can choose without trying keys
 * (RFC 5280 section 4.1.2.2: positive, at most 20 bytes). `attempt`: how many the key had before. Throws invalid.
 */
export function serialOfKey(project: ProjectId, device: DeviceId, key: RequestedKey, attempt = 0): Buffer {
  const publicKey: KeyObject = 'publicKey' in key ? readPublicKey(key.publicKey) : readRequest(key.csr).key;
  const serial = createHash('sha256')
    .update(JSON.stringify(attempt === 0 ? [project, device] : [project, device, attempt]))
    .update(publicKeyDer(publicKey))
    .digest()
    .subarray(0, 16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
