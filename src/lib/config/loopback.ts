import { BlockList, isIP } from 'node:net';

/**
 * Whether an address to listen on can be reached from this machine only. A name other than `localhost` counts as public: what
 * it resolves to may change after the check.
 */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (address === 'localhost') return true;
  const version = isIP(address);
  if (version === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
