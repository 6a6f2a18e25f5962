import { BlockList, isIP } from 'node:net';

/** `10.1.0.0/16`, `2001:db8::/32`, or a single address. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** Is the address in one of these networks? An IPv4 address that comes mapped into IPv6 counts as itself. */
export function isWithinNetworks(address: string, networks: readonly string[]): boolean {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.split('%', 1)[0] ?? '';
  const version = isIP(plain);
  if (version === 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  for (const network of networks) {
    const [start = '', bits] = network.split('/');
    const ofNetwork = isIP(start) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(start, bits === undefined ? (ofNetwork === 'ipv4' ? 32 : 128) : Number(bits), ofNetwork);
  }
  return list.check(plain, family);
}
