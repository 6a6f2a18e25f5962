import { isIP } from 'node:net';

/** Where a hub may connect to, by name; networks such as 10.1.0.0/16 stand beside them. */
const TARGET_NAMES = ['public', 'private', 'loopback', 'link-local'] as const;

export function isTarget(text: string): boolean {
  return (TARGET_NAMES as readonly string[]).includes(text) || isNetwork(text);
}

function isNetwork(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}
